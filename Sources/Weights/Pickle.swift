import Basics

/// An interpreter of the pickle opcodes that a state_dict needs (Python's pickletools.py has them all). It builds values
/// and executes nothing: any other opcode, and any global that is not on the list, is refused by name.
struct Pickle {
  private let bytes: [UInt8]
  private let path: String
  private(set) var position: Int
  private var stack: [PickleValue] = []
  private var marks: [Int] = []
  private var memo: [Int: PickleValue] = [:]

  /// - Parameter position: where the pickle begins in `bytes`; afterwards, where the next one does.
  init(_ bytes: [UInt8], at position: Int = 0, path: String) {
    self.bytes = bytes
    self.position = position
    self.path = path
  }

  /// The value that the pickle makes.
  mutating func load() throws -> PickleValue {
    while true {
      let opcode = try byte()
      if opcode == UInt8(ascii: ".") { return try pop() }
      try run(opcode)
      guard stack.count < 1 << 22, memo.count < 1 << 22 else { throw failure("its pickle is too large") }
    }
  }

  private func failure(_ problem: String) -> Failure { Failure(.badData, "\(path): \(problem)") }
  private var damage: Failure { failure("its pickle is damaged (at byte \(position))") }

  // MARK: Reading

  private mutating func byte() throws -> UInt8 {
    guard position < bytes.count else { throw failure("its pickle is cut off (at byte \(position))") }
    defer { position += 1 }
    return bytes[position]
  }

  private mutating func take(_ count: Int) throws -> ArraySlice<UInt8> {
    guard count >= 0, count <= bytes.count - position else {
      throw failure("its pickle is cut off (at byte \(position))")
    }
    defer { position += count }
    return bytes[position..<position + count]
  }

  private mutating func number(_ size: Int) throws -> Int {
    var value: UInt64 = 0
    for byte in try take(size).reversed() { value = value << 8 | UInt64(byte) }
    return Int(truncatingIfNeeded: value)
  }

  /// A little-endian two's complement number of `size` bytes; nil where it does not fit.
  private mutating func long(_ size: Int) throws -> Int? {
    let digits = Array(try take(size))
    guard let last = digits.last else { return 0 }
    guard size <= 8 else { return nil }
    var value: Int64 = last >= 128 ? -1 : 0
    for byte in digits.reversed() { value = value << 8 | Int64(byte) }
    return Int(value)
  }

  private mutating func text(_ count: Int) throws -> PickleValue {
    .string(String(decoding: try take(count), as: UTF8.self))
  }

  private mutating func line() throws -> String {
    let start = position
    while try byte() != UInt8(ascii: "\n") {}
    return String(decoding: bytes[start..<position - 1], as: UTF8.self)
  }

  // MARK: The stack

  private mutating func pop() throws -> PickleValue {
    guard stack.count > (marks.last ?? 0), let value = stack.popLast() else { throw damage }
    return value
  }

  private func top() throws -> PickleValue {
    guard let value = stack.last else { throw damage }
    return value
  }

  private mutating func popToMark() throws -> [PickleValue] {
    guard let mark = marks.popLast() else { throw damage }
    defer { stack.removeSubrange(mark...) }
    return Array(stack[mark...])
  }

  private mutating func popTuple(_ count: Int) throws {
    var items: [PickleValue] = []
    for _ in 0..<count { items.insert(try pop(), at: 0) }
    stack.append(.tuple(items))
  }

  // MARK: Opcodes

  private mutating func run(_ opcode: UInt8) throws {
    switch opcode {
    case 0x80: _ = try byte()
    case 0x95: _ = try take(8)
    case UInt8(ascii: "("): marks.append(stack.count)
    case UInt8(ascii: "0"): _ = try pop()
    case UInt8(ascii: "1"): _ = try popToMark()
    case UInt8(ascii: "2"): stack.append(try top())
    case UInt8(ascii: "N"): stack.append(.none)
    case 0x88: stack.append(.bool(true))
    case 0x89: stack.append(.bool(false))
    case UInt8(ascii: "J"): stack.append(.integer(Int(Int32(truncatingIfNeeded: try number(4)))))
    case UInt8(ascii: "K"): stack.append(.integer(try number(1)))
    case UInt8(ascii: "M"): stack.append(.integer(try number(2)))
    case 0x8A:
      let size = try number(1)
      stack.append(try long(size).map { .integer($0) } ?? .other)
    case UInt8(ascii: "G"):
      stack.append(.real(Double(bitPattern: try take(8).reduce(0) { $0 << 8 | UInt64($1) })))
    case UInt8(ascii: "X"), UInt8(ascii: "T"): stack.append(try text(try number(4)))
    case 0x8C, UInt8(ascii: "U"): stack.append(try text(try number(1)))
    case UInt8(ascii: "B"):
      _ = try take(try number(4))
      stack.append(.other)
    case UInt8(ascii: "C"):
      _ = try take(try number(1))
      stack.append(.other)
    default: try runOnContainers(opcode)
    }
  }

  private mutating func runOnContainers(_ opcode: UInt8) throws {
    switch opcode {
    case UInt8(ascii: ")"): stack.append(.tuple([]))
    case UInt8(ascii: "]"): stack.append(.list(PickleList()))
    case UInt8(ascii: "}"): stack.append(.dictionary(PickleDictionary()))
    case 0x85, 0x86, 0x87: try popTuple(Int(opcode) - 0x84)
    case UInt8(ascii: "t"): stack.append(.tuple(try popToMark()))
    case UInt8(ascii: "l"):
      let list = PickleList()
      list.items = try popToMark()
      stack.append(.list(list))
    case UInt8(ascii: "a"):
      let item = try pop()
      try append([item])
    case UInt8(ascii: "e"):
      let items = try popToMark()
      try append(items)
    case UInt8(ascii: "s"):
      let value = try pop()
      let key = try pop()
      try set([key, value])
    case UInt8(ascii: "u"):
      let items = try popToMark()
      try set(items)
    case UInt8(ascii: "q"): memo[try number(1)] = try top()
    case UInt8(ascii: "r"): memo[try number(4)] = try top()
    case 0x94: memo[memo.count] = try top()
    case UInt8(ascii: "h"): try recall(try number(1))
    case UInt8(ascii: "j"): try recall(try number(4))
    default: try runOnObjects(opcode)
    }
  }

  private mutating func runOnObjects(_ opcode: UInt8) throws {
    switch opcode {
    case UInt8(ascii: "c"):
      let module = try line()
      stack.append(.global("\(module).\(try line())"))
    case 0x93:
      guard case .string(let name) = try pop(), case .string(let module) = try pop() else {
        throw damage
      }
      stack.append(.global("\(module).\(name)"))
    case UInt8(ascii: "Q"): stack.append(.storage(try storage(try pop())))
    case UInt8(ascii: "R"):
      let arguments = try pop()
      stack.append(try call(try pop(), arguments))
    case UInt8(ascii: "b"): _ = try pop()
    default:
      throw Failure(
        .badData, "\(path): its pickle uses the opcode 0x\(String(opcode, radix: 16)), which no state_dict needs",
        remedy: "save the weights alone: torch.save(model.state_dict(), …)")
    }
  }

  private mutating func recall(_ place: Int) throws {
    guard let value = memo[place] else { throw damage }
    stack.append(value)
  }

  private func append(_ items: [PickleValue]) throws {
    guard case .list(let list) = try top() else { throw damage }
    list.items += items
  }

  private func set(_ items: [PickleValue]) throws {
    guard case .dictionary(let dictionary) = try top(), items.count % 2 == 0 else {
      throw damage
    }
    for i in stride(from: 0, to: items.count, by: 2) { dictionary.items.append((items[i], items[i + 1])) }
  }

  /// `("storage", type, key, place, count)`, as torch.save's persistent ids are; older files have a view behind.
  private func storage(_ identifier: PickleValue) throws -> PickleStorage {
    guard case .tuple(let parts) = identifier, parts.count >= 5, case .string("storage") = parts[0],
      case .global(let type) = parts[1], case .integer(let count) = parts[4], count >= 0
    else { throw failure("its pickle names a storage in an unknown way") }
    let key: String
    switch parts[2] {
    case .string(let text): key = text
    case .integer(let number): key = "\(number)"
    default: throw failure("its pickle names a storage in an unknown way")
    }
    let types: [String: NumberType] = [
      "torch.FloatStorage": .float32, "torch.DoubleStorage": .float64, "torch.HalfStorage": .float16,
      "torch.BFloat16Storage": .bfloat16,
    ]
    return PickleStorage(key: key, type: types[type], count: count)
  }

  /// The functions that a state_dict is made by. Their results are built here; nothing is called.
  private func call(_ function: PickleValue, _ arguments: PickleValue) throws -> PickleValue {
    guard case .global(let name) = function, case .tuple(let arguments) = arguments else {
      throw damage
    }
    switch name {
    case "collections.OrderedDict":
      let dictionary = PickleDictionary()
      if case .list(let pairs)? = arguments.first {
        for case .tuple(let pair) in pairs.items where pair.count == 2 { dictionary.items.append((pair[0], pair[1])) }
      }
      return .dictionary(dictionary)
    case "torch._utils._rebuild_tensor_v2", "torch._utils._rebuild_tensor": return .tensor(try tensor(arguments))
    case "torch._utils._rebuild_parameter": return arguments.first ?? .other
    case "torch.Size", "torch.device", "torch.dtype": return .other
    default:
      throw Failure(
        .badData, "\(path): its pickle wants to call \(name), which is not a part of a state_dict",
        remedy: "save the weights alone: torch.save(model.state_dict(), …); nothing in the file was executed")
    }
  }

  private func tensor(_ arguments: [PickleValue]) throws -> PickleTensor {
    func integers(_ value: PickleValue) -> [Int]? {
      guard case .tuple(let items) = value else { return nil }
      let numbers = items.compactMap { item -> Int? in
        if case .integer(let number) = item { return number }
        return nil
      }
      return numbers.count == items.count ? numbers : nil
    }
    guard arguments.count >= 4, case .storage(let storage) = arguments[0], case .integer(let offset) = arguments[1],
      let shape = integers(arguments[2]), let strides = integers(arguments[3]), shape.count == strides.count
    else { throw failure("its pickle describes a tensor in an unknown way") }
    return PickleTensor(storage: storage, offset: offset, shape: shape, strides: strides)
  }
}
