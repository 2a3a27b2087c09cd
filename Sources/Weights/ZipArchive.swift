import Basics

/// The entries of a ZIP archive that are stored as they are, which is how PyTorch and Keras write them (PKWARE
/// APPNOTE 6.3.9, sections 4.3.7, 4.3.12, 4.3.14 to 4.3.16).
struct ZipArchive {
  struct Entry {
    let method: UInt16
    let size: Int
    fileprivate let headerOffset: Int
  }

  let file: ByteFile
  private(set) var entries: [String: Entry] = [:]

  static let magic: [UInt8] = [0x50, 0x4B, 3, 4]

  init(_ file: ByteFile) throws {
    self.file = file
    let (count, offset, size) = try Self.directory(file)
    guard offset >= 0, size >= 0, offset <= file.count - size, count <= size / 46 + 1 else {
      throw file.failure("its ZIP directory is damaged")
    }
    let directory = try file.bytes(offset..<offset + size)
    var place = 0
    for _ in 0..<count {
      let (name, entry, next) = try Self.entry(directory, at: place, file)
      entries[name] = entry
      place = next
    }
  }

  /// Where the bytes of a stored entry are in the file.
  ///
  /// - Throws: `Failure(.badData)` where there is no such entry or it is compressed.
  func range(of name: String) throws -> Range<Int> {
    guard let entry = entries[name] else { throw file.failure("its ZIP archive has no '\(name)'") }
    guard entry.method == 0 else {
      throw Failure(
        .badData, "\(file.path): '\(name)' is compressed in its ZIP archive",
        remedy: "save the weights again with the library that made them; it does not compress them")
    }
    let header = try file.bytes(entry.headerOffset..<entry.headerOffset + 30)
    guard Array(header[0..<4]) == Self.magic else { throw file.failure("the ZIP header of '\(name)' is damaged") }
    let start = entry.headerOffset + 30 + Self.number(header, 26, 2) + Self.number(header, 28, 2)
    guard start <= file.count - entry.size else { throw file.failure("'\(name)' is beyond its end: it is cut off") }
    return start..<start + entry.size
  }

  private static func number(_ bytes: [UInt8], _ offset: Int, _ size: Int) -> Int {
    var value: UInt64 = 0
    for i in (0..<size).reversed() { value = value << 8 | UInt64(bytes[offset + i]) }
    return Int(truncatingIfNeeded: value)
  }

  private static func directory(_ file: ByteFile) throws -> (count: Int, offset: Int, size: Int) {
    let start = max(0, file.count - 65_557)
    let tail = try file.bytes(start..<file.count)
    guard
      let end = stride(from: tail.count - 22, through: 0, by: -1).first(where: {
        number(tail, $0, 4) == 0x0605_4B50
      })
    else { throw file.failure("it begins as a ZIP archive and has no directory: it is cut off") }
    let found = (number(tail, end + 10, 2), number(tail, end + 16, 4), number(tail, end + 12, 4))
    guard found.0 == 0xFFFF || found.1 == 0xFFFF_FFFF || found.2 == 0xFFFF_FFFF else { return found }
    guard end >= 20, number(tail, end - 20, 4) == 0x0706_4B50 else {
      throw file.failure("its ZIP64 directory is missing")
    }
    let record = try file.bytes(checked(number(tail, end - 12, 8), 56, file))
    guard number(record, 0, 4) == 0x0606_4B50 else { throw file.failure("its ZIP64 directory is damaged") }
    return (number(record, 32, 8), number(record, 48, 8), number(record, 40, 8))
  }

  private static func checked(_ start: Int, _ count: Int, _ file: ByteFile) throws -> Range<Int> {
    guard start >= 0, start <= file.count - count else { throw file.failure("its ZIP directory is damaged") }
    return start..<start + count
  }

  private static func entry(_ bytes: [UInt8], at place: Int, _ file: ByteFile) throws -> (String, Entry, Int) {
    guard place + 46 <= bytes.count, number(bytes, place, 4) == 0x0201_4B50 else {
      throw file.failure("its ZIP directory is damaged")
    }
    let nameLength = number(bytes, place + 28, 2)
    let extraLength = number(bytes, place + 30, 2)
    let next = place + 46 + nameLength + extraLength + number(bytes, place + 32, 2)
    guard next <= bytes.count else { throw file.failure("its ZIP directory is damaged") }
    let name = String(decoding: bytes[place + 46..<place + 46 + nameLength], as: UTF8.self)
    var size = number(bytes, place + 24, 4)
    var offset = number(bytes, place + 42, 4)
    // ZIP64: what did not fit stands in the extra field, in this order.
    var extra = place + 46 + nameLength
    let extraEnd = extra + extraLength
    while extra + 4 <= extraEnd {
      let length = number(bytes, extra + 2, 2)
      if number(bytes, extra, 2) == 1 {
        var value = extra + 4
        func take() -> Int? {
          guard value + 8 <= min(extra + 4 + length, extraEnd) else { return nil }
          defer { value += 8 }
          return number(bytes, value, 8)
        }
        if size == 0xFFFF_FFFF { size = take() ?? -1 }
        if number(bytes, place + 20, 4) == 0xFFFF_FFFF { _ = take() }
        if offset == 0xFFFF_FFFF { offset = take() ?? -1 }
      }
      extra += 4 + length
    }
    guard size >= 0, offset >= 0, offset <= file.count - 30 else { throw file.failure("its ZIP directory is damaged") }
    return (name, Entry(method: UInt16(number(bytes, place + 10, 2)), size: size, headerOffset: offset), next)
  }
}
