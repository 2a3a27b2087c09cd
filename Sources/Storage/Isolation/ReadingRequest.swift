import Basics

/// A question to the process that has a file open. Each has one answer: a byte 0 and what was asked for, or a byte 1
/// and a failure.
struct ReadingRequest: Equatable {
  enum Operation: UInt8 {
    case openRoot, open, close, childNames, attributeNames, attribute, facts, read, strings, stringBytes
  }

  let operation: Operation
  var object: Int64 = 0
  var path = ""
  var name = ""
  /// A child's name, an attribute's name.
  var argument = ""
  /// For `read`: the shim's number of the type in memory.
  var element: Int32 = 0
  /// For `read`: first and last + 1; -1: all there is.
  var firstRow = -1
  var endRow = -1
  /// For `read`: of the answer.
  var byteCount = 0

  init(_ operation: Operation, of object: PlacedObject? = nil, argument: String = "") {
    self.operation = operation
    self.argument = argument
    guard let object else { return }
    self.object = object.identifier
    path = object.path
    name = object.name
  }

  var placedObject: PlacedObject { PlacedObject(identifier: object, path: path, name: name) }
  var rows: Range<Int>? { 0 <= firstRow && firstRow <= endRow ? firstRow..<endRow : nil }

  var bytes: [UInt8] {
    var message = MessageWriter()
    message.put(operation.rawValue)
    message.put(object)
    for text in [path, name, argument] { message.put(text) }
    message.put(element)
    for number in [firstRow, endRow, byteCount] { message.put(number) }
    return message.bytes
  }

  init(_ bytes: [UInt8]) throws {
    var message = MessageReader(bytes)
    guard let operation = Operation(rawValue: try message.integer()) else { throw MessageReader.Malformed() }
    self.operation = operation
    object = try message.integer()
    path = try message.text()
    name = try message.text()
    argument = try message.text()
    element = try message.integer()
    firstRow = try message.integer()
    endRow = try message.integer()
    byteCount = try message.integer()
  }
}

extension MessageWriter {
  mutating func put(_ failure: Failure) {
    put(failure.kind.rawValue)
    put(failure.message)
    put(failure.remedy != nil)
    put(failure.remedy ?? "")
  }

  mutating func put(_ value: HDF5AttributeValue?) {
    switch value {
    case nil: put(0 as UInt8)
    case .other: put(1 as UInt8)
    case .unsigned(let number):
      put(2 as UInt8)
      put(number)
    case .integers(let numbers, let isScalar):
      put(3 as UInt8)
      put(isScalar)
      put(numbers) { $0.put($1) }
    case .reals(let numbers, let isScalar):
      put(4 as UInt8)
      put(isScalar)
      put(numbers) { $0.put($1) }
    case .strings(let texts, let isScalar):
      put(5 as UInt8)
      put(isScalar)
      put(texts) { $0.put($1) }
    }
  }
}

extension MessageReader {
  mutating func failure() throws -> Failure {
    guard let kind = Failure.Kind(rawValue: try integer()) else { throw Malformed() }
    let message = try text()
    let hasRemedy = try flag()
    let remedy = try text()
    return Failure(kind, message, remedy: hasRemedy ? remedy : nil)
  }

  mutating func attributeValue() throws -> HDF5AttributeValue? {
    switch try integer(UInt8.self) {
    case 0: return nil
    case 1: return .other
    case 2: return .unsigned(try integer())
    case let tag:
      let isScalar = try flag()
      switch tag {
      case 3: return .integers(try list { try $0.integer() }, isScalar: isScalar)
      case 4: return .reals(try list { try $0.real() }, isScalar: isScalar)
      case 5: return .strings(try list { try $0.text() }, isScalar: isScalar)
      default: throw Malformed()
      }
    }
  }
}
