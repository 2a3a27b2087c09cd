import Basics

/// Results as bytes, so that ranks can send them: little-endian, each image's id and class count as int64, each class's
/// id, number of detections, counts, scores and outcomes.
extension ImageMatches {
  /// The bytes of several images' results.
  package static func encode(_ images: [ImageMatches]) -> [UInt8] {
    var bytes: [UInt8] = []
    func append<T: FixedWidthInteger>(_ value: T) {
      withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }
    append(Int64(images.count))
    for image in images {
      append(Int64(image.image))
      append(Int64(image.categories.count))
      for part in image.categories {
        append(Int64(part.category))
        append(Int64(part.scores.count))
        part.truthCounts.forEach { append($0) }
        part.scores.forEach { append($0.bitPattern) }
        part.outcomes.forEach { append($0) }
      }
    }
    return bytes
  }

  /// - Throws: an internal error where the bytes are not what `encode` gives.
  package static func decode(_ bytes: [UInt8]) throws -> [ImageMatches] {
    var reader = ByteReader(bytes: bytes)
    let areas = EvaluationRules.areas.count
    let images = try (0..<reader.count(itemSize: 16)).map { _ in
      let image = Int(try reader.next(Int64.self))
      let categories = try (0..<reader.count(itemSize: 16 + 4 * areas)).map { _ in
        let category = Int(try reader.next(Int64.self))
        let detections = try reader.count(itemSize: 8 + 4 * areas)
        return Category(
          category: category, truthCounts: try reader.several(areas),
          scores: try reader.several(detections).map(Double.init(bitPattern:)),
          outcomes: try reader.several(detections * areas))
      }
      return ImageMatches(image: image, categories: categories)
    }
    guard reader.isAtEnd else { throw ByteReader.damage }
    return images
  }
}

private struct ByteReader {
  let bytes: [UInt8]
  private var position = 0

  static let damage = Failure(.internalError, "the results of an evaluation came damaged from another rank")

  init(bytes: [UInt8]) { self.bytes = bytes }

  var isAtEnd: Bool { position == bytes.count }

  mutating func next<T: FixedWidthInteger>(_: T.Type) throws -> T {
    let size = MemoryLayout<T>.size
    guard bytes.count - position >= size else { throw Self.damage }
    defer { position += size }
    return T(littleEndian: bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: position, as: T.self) })
  }

  /// A number of items of which each takes at least so many bytes: never more than there can be.
  mutating func count(itemSize: Int) throws -> Int {
    let count = try next(Int64.self)
    guard count >= 0, count <= Int64((bytes.count - position) / itemSize) else { throw Self.damage }
    return Int(count)
  }

  mutating func several<T: FixedWidthInteger>(_ count: Int) throws -> [T] {
    try (0..<count).map { _ in try next(T.self) }
  }
}
