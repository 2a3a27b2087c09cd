import TestSupport

/// What a process did to a file or a folder. Paths are whole.
enum FileOperation {
  case create(String)
  case makeFolder(String)
  case write(String, offset: Int, bytes: [UInt8])
  case resize(String, length: Int)
  /// Of a file: its content. Of a folder: the names in it.
  case synchronise(String)
  case rename(from: String, to: String)
  case link(from: String, to: String)
  case symbolicLink(String, target: String)
  case remove(String)

  struct Unknown: Error { let kind: Int }

  /// Reads the log of a `FileRecorder`.
  static func read(_ log: String) throws -> [FileOperation] {
    let bytes = try readBytes(log)
    var place = 0
    var operations: [FileOperation] = []
    while place < bytes.count {
      let head = (0..<4).map { index in
        bytes.withUnsafeBytes { Int($0.loadUnaligned(fromByteOffset: place + 8 * index, as: Int64.self)) }
      }
      let rest = place + 32 + head[2]
      operations.append(
        try FileOperation(
          kind: head[0], number: head[1], path: String(decoding: bytes[place + 32..<rest], as: UTF8.self),
          rest: bytes[rest..<rest + head[3]]))
      place = rest + head[3]
    }
    return operations
  }

  private init(kind: Int, number: Int, path: String, rest: ArraySlice<UInt8>) throws {
    var text: String { String(decoding: rest, as: UTF8.self) }
    switch UInt8(exactly: kind).map({ Character(UnicodeScalar($0)) }) {
    case "c": self = .create(path)
    case "d": self = .makeFolder(path)
    case "w": self = .write(path, offset: number, bytes: Array(rest))
    case "t": self = .resize(path, length: number)
    case "s": self = .synchronise(path)
    case "r": self = .rename(from: text, to: path)
    case "l": self = .link(from: text, to: path)
    case "y": self = .symbolicLink(path, target: text)
    case "u": self = .remove(path)
    default: throw Unknown(kind: kind)
    }
  }

  var isWrite: Bool {
    switch self {
    case .write, .resize: true
    default: false
    }
  }
}
