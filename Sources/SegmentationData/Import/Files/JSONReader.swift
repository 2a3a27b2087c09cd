import Basics
import Storage

/// Reads JSON front to back, piece by piece, so that a file of any size needs no more memory than what is kept of it. The
/// caller says at each place what has to be there; what it has no use for is passed over.
final class JSONReader {
  /// The file, for messages.
  let name: String
  private var bytes: [UInt8]
  private var place = 0
  /// Of `bytes[0]` in the file.
  private var base: Int
  private let file: ShardFile?
  private let end: Int

  private static let pieceSize = 1 << 20
  /// Deeper nesting than this is no annotation file.
  private static let deepest = 200

  /// - Throws: `Failure` that names the file.
  convenience init(path: String) throws {
    try self.init(ShardFile(path: path))
    let first = try peek()
    if first == 0xFF || first == 0xFE {
      throw Failure(.badData, "\(path) is a text in UTF-16, and JSON is UTF-8", remedy: "save it as UTF-8")
    }
    if first == 0xEF {
      for byte in [0xEF, 0xBB, 0xBF] as [UInt8] { guard try take() == byte else { throw failure("is not JSON") } }
    }
  }

  private init(_ file: ShardFile) throws {
    name = file.path
    bytes = []
    base = 0
    self.file = file
    end = try file.byteCount()
  }

  /// Text in memory: the piece of a file that began at `offset`.
  init(_ bytes: [UInt8], name: String, offset: Int = 0) {
    self.name = name
    self.bytes = bytes
    base = offset
    file = nil
    end = offset + bytes.count
  }

  /// What is read, for messages: "annotations" and its index.
  var element: (list: String, index: Int)?

  /// How many bytes are behind the reader.
  var offset: Int { base + place }

  func failure(_ problem: String) -> Failure {
    let element = element.map { ": \($0.list)[\($0.index)]" } ?? ""
    return Failure(
      .badData, "\(name)\(element) \(problem) (byte \(offset))",
      remedy: "is it whole, and of COCO's format? `python3 -m json.tool FILE` says whether it is JSON")
  }

  // MARK: Bytes

  /// The next byte, left where it is; nil at the end.
  @inline(__always) private func peek() throws -> UInt8? {
    if place < bytes.count { return bytes[place] }
    return try refill() ? bytes[place] : nil
  }

  @inline(never) private func refill() throws -> Bool {
    guard let file else { return false }
    base += bytes.count
    place = 0
    bytes = try file.values(count: min(Self.pieceSize, end - base), at: base, "JSON")
    return !bytes.isEmpty
  }

  @inline(__always) private func take() throws -> UInt8 {
    guard let byte = try peek() else { throw failure("ends too early") }
    place += 1
    return byte
  }

  /// The next byte that is no blank, left where it is; nil at the end.
  @inline(__always) private func next() throws -> UInt8? {
    while let byte = try peek() {
      guard byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else { return byte }
      place += 1
    }
    return nil
  }

  private func expect(_ character: Unicode.Scalar) throws {
    guard try next() == UInt8(ascii: character) else { throw failure("lacks a '\(character)'") }
    place += 1
  }

  // MARK: Values

  /// What begins at this place, by its first character.
  enum Kind { case object, array, string, number, boolean, null }

  func kind() throws -> Kind {
    guard let byte = try next() else { throw failure("ends too early") }
    switch byte {
    case UInt8(ascii: "{"): return .object
    case UInt8(ascii: "["): return .array
    case UInt8(ascii: "\""): return .string
    case UInt8(ascii: "t"), UInt8(ascii: "f"): return .boolean
    case UInt8(ascii: "n"): return .null
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .number
    default: throw failure("has something that is not JSON")
    }
  }

  /// Calls `member` with each key; it has to read or skip the value.
  ///
  /// - Throws: what `member` throws, and bad data where a key comes twice.
  func object(_ member: (String) throws -> Void) throws {
    guard try kind() == .object else { throw failure("has something else where an object is expected") }
    place += 1
    if try next() == UInt8(ascii: "}") {
      place += 1
      return
    }
    var keys: [String] = []
    while true {
      let key = try string()
      guard !keys.contains(key) else { throw failure("has the key \(key.debugDescription) twice in one object") }
      guard keys.count < Self.deepest else { throw failure("has an object with more than \(Self.deepest) keys") }
      keys.append(key)
      try expect(":")
      try member(key)
      guard try next() == UInt8(ascii: ",") else { break }
      place += 1
    }
    try expect("}")
  }

  /// Calls `value` with each index; it has to read or skip the value.
  func array(_ value: (Int) throws -> Void) throws {
    guard try kind() == .array else { throw failure("has something else where a list is expected") }
    place += 1
    if try next() == UInt8(ascii: "]") {
      place += 1
      return
    }
    var index = 0
    while true {
      try value(index)
      index += 1
      guard try next() == UInt8(ascii: ",") else { break }
      place += 1
    }
    try expect("]")
  }

  func numbers() throws -> [Double] {
    var numbers: [Double] = []
    try array { _ in numbers.append(try number()) }
    return numbers
  }

  func boolean() throws -> Bool {
    let isTrue = try next() == UInt8(ascii: "t")
    for byte in (isTrue ? "true" : "false").utf8 {
      guard try take() == byte else { throw failure("has something that is not JSON") }
    }
    return isTrue
  }

  /// A number without a fraction.
  func integer() throws -> Int {
    let value = try number()
    guard abs(value) < 0x1p53, let integer = Int(exactly: value) else {
      throw failure("has \(value) where a whole number is expected")
    }
    return integer
  }

  func number() throws -> Double {
    guard try kind() == .number else { throw failure("has something else where a number is expected") }
    var text: [UInt8] = []
    // Digits that fit a double exactly, and a power of ten that does, need no more than one division (Clinger 1990).
    var (digits, digitCount, decimals) = (0, 0, 0)
    var (isNegative, hasPoint, isSimple) = (false, false, true)
    while let byte = try peek() {
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"):
        if digitCount < 16 { digits = digits * 10 + Int(byte - 48) }
        digitCount += 1
        decimals += hasPoint ? 1 : 0
      case UInt8(ascii: "-") where text.isEmpty: isNegative = true
      case UInt8(ascii: ".") where !hasPoint: hasPoint = true
      case UInt8(ascii: "e"), UInt8(ascii: "E"), UInt8(ascii: "+"), UInt8(ascii: "-"): isSimple = false
      default: return try value(text, digits, digitCount, decimals, isNegative, isSimple)
      }
      guard text.count < 400 else { throw failure("has a number of more than 400 characters") }
      text.append(byte)
      place += 1
    }
    return try value(text, digits, digitCount, decimals, isNegative, isSimple)
  }

  private static let powers: [Double] = (0...15).map { (0..<$0).reduce(1) { value, _ in value * 10 } }

  private func value(
    _ text: [UInt8], _ digits: Int, _ digitCount: Int, _ decimals: Int, _ isNegative: Bool, _ isSimple: Bool
  ) throws -> Double {
    if isSimple, (1...15).contains(digitCount), decimals < digitCount {
      let value = Double(digits) / Self.powers[decimals]
      return isNegative ? -value : value
    }
    guard digitCount > 0, let value = Double(String(decoding: text, as: UTF8.self)), value.isFinite else {
      throw failure("has a number that is none: \(String(decoding: text.prefix(40), as: UTF8.self).debugDescription)")
    }
    return value
  }

  func string() throws -> String {
    guard try kind() == .string else { throw failure("has something else where a text is expected") }
    place += 1
    var text: [UInt8] = []
    while true {
      let byte = try take()
      switch byte {
      case UInt8(ascii: "\""): return String(decoding: text, as: UTF8.self)
      case UInt8(ascii: "\\"): text += Array(String(try escaped()).utf8)
      default: text.append(byte)
      }
      guard text.count < 1 << 28 else { throw failure("has a text without an end") }
    }
  }

  private func escaped() throws -> Unicode.Scalar {
    switch try take() {
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{C}"
    case UInt8(ascii: "u"):
      let first = try hexadecimal()
      guard (0xD800..<0xDC00).contains(first) else { return Unicode.Scalar(first) ?? "\u{FFFD}" }
      // Two halves of a character beyond 16 bits.
      guard try take() == UInt8(ascii: "\\"), try take() == UInt8(ascii: "u") else {
        throw failure("has half a character")
      }
      let second = try hexadecimal()
      guard (0xDC00..<0xE000).contains(second) else { throw failure("has half a character") }
      return Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00)) ?? "\u{FFFD}"
    case let byte where [UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/")].contains(byte):
      return Unicode.Scalar(byte)
    default: throw failure("has a text with an escape that JSON does not have")
    }
  }

  private func hexadecimal() throws -> UInt32 {
    var value: UInt32 = 0
    for _ in 0..<4 {
      guard let digit = Character(Unicode.Scalar(try take())).hexDigitValue else {
        throw failure("has a text with an escape that JSON does not have")
      }
      value = value << 4 | UInt32(digit)
    }
    return value
  }

  /// Passes over a value, whose brackets and texts alone are looked at.
  ///
  /// - Returns: where it lies in the file.
  @discardableResult func skip() throws -> Range<Int> {
    let first = try kind()
    let start = offset
    switch first {
    case .string: _ = try string()
    case .number: _ = try number()
    case .boolean: _ = try boolean()
    case .null: for byte in "null".utf8 { guard try take() == byte else { throw failure("is not JSON") } }
    case .object, .array: try skipBrackets()
    }
    return start..<offset
  }

  private func skipBrackets() throws {
    var open: [UInt8] = []
    repeat {
      let byte = try take()
      switch byte {
      case UInt8(ascii: "["), UInt8(ascii: "{"):
        guard open.count < Self.deepest else { throw failure("is nested more than \(Self.deepest) deep") }
        // The closing ones lie two behind the opening ones.
        open.append(byte + 2)
      case UInt8(ascii: "]"), UInt8(ascii: "}"):
        guard open.popLast() == byte else { throw failure("closes a bracket that is not open") }
      case UInt8(ascii: "\""):
        while true {
          let byte = try take()
          if byte == UInt8(ascii: "\"") { break }
          if byte == UInt8(ascii: "\\") { _ = try take() }
        }
      default: break
      }
    } while !open.isEmpty
  }

  /// - Throws: bad data where something follows.
  func finish() throws {
    guard try next() == nil else { throw failure("goes on after its end") }
  }
}
