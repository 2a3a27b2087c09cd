/// Finds the EXIF orientation in the files that carry one. What is damaged counts as not there, as in viewers.
enum EXIF {
  /// In JPEG: segment APP1, before the pixels.
  static func orientation(jpeg bytes: [UInt8]) -> Orientation {
    var place = 2
    while place + 4 <= bytes.count, bytes[place] == 0xFF {
      let marker = bytes[place + 1]
      // Fill bytes, and markers without a length.
      if marker == 0xFF {
        place += 1
      } else if marker == 0x01 || (0xD0...0xD8).contains(marker) {
        place += 2
      } else {
        if marker == 0xDA || marker == 0xD9 { break }
        let length = Int(bytes[place + 2]) << 8 | Int(bytes[place + 3])
        let end = place + 2 + length
        guard length >= 2, end <= bytes.count else { break }
        if marker == 0xE1, bytes[(place + 4)..<end].starts(with: prefix) {
          return orientation(block: bytes[(place + 10)..<end])
        }
        place = end
      }
    }
    return .upright
  }

  /// In PNG: chunk eXIf, anywhere before IEND.
  static func orientation(png bytes: [UInt8]) -> Orientation {
    chunk("eXIf", of: bytes, from: 8, isBigEndian: true).map { orientation(block: $0) } ?? .upright
  }

  /// In WebP: chunk EXIF of the RIFF file.
  static func orientation(webp bytes: [UInt8]) -> Orientation {
    guard let block = chunk("EXIF", of: bytes, from: 12, isBigEndian: false) else { return .upright }
    return orientation(block: block.starts(with: prefix) ? block.dropFirst(prefix.count) : block)
  }

  private static let prefix = Array("Exif\0\0".utf8)

  /// PNG: length, name, data, checksum. RIFF: name, length, data padded to two bytes.
  private static func chunk(
    _ wanted: String, of bytes: [UInt8], from start: Int, isBigEndian: Bool
  ) -> ArraySlice<UInt8>? {
    var place = start
    while place + 8 <= bytes.count {
      let length = number(bytes[...], isBigEndian ? place : place + 4, 4, isBigEndian: isBigEndian)
      let name = isBigEndian ? bytes[(place + 4)..<(place + 8)] : bytes[place..<(place + 4)]
      let end = place + 8 + length
      guard end <= bytes.count else { return nil }
      if name.elementsEqual(wanted.utf8) { return bytes[(place + 8)..<end] }
      place = isBigEndian ? end + 4 : end + length % 2
    }
    return nil
  }

  /// Of a block in the form of a TIFF file: the first directory's entry 0x0112.
  private static func orientation(block: ArraySlice<UInt8>) -> Orientation {
    let (start, end) = (block.startIndex, block.endIndex)
    guard block.count >= 14, block[start] == block[start + 1], [0x49, 0x4D].contains(block[start]) else {
      return .upright
    }
    let isBigEndian = block[start] == 0x4D
    let directory = start + number(block, start + 4, 4, isBigEndian: isBigEndian)
    guard directory + 2 <= end else { return .upright }
    for entry in 0..<number(block, directory, 2, isBigEndian: isBigEndian) {
      let place = directory + 2 + 12 * entry
      guard place + 12 <= end else { break }
      guard number(block, place, 2, isBigEndian: isBigEndian) == 0x0112 else { continue }
      return Orientation(rawValue: number(block, place + 8, 2, isBigEndian: isBigEndian)) ?? .upright
    }
    return .upright
  }

  private static func number(_ bytes: ArraySlice<UInt8>, _ place: Int, _ count: Int, isBigEndian: Bool) -> Int {
    let digits = bytes[place..<(place + count)]
    return isBigEndian
      ? digits.reduce(0) { $0 << 8 | Int($1) } : digits.reversed().reduce(0) { $0 << 8 | Int($1) }
  }
}
