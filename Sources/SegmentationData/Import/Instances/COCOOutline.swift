import Basics
import Detection

/// The mask of an annotation of COCO's, as polygons or as runs.
enum COCOOutline {
  /// - Parameters:
  ///   - text: the annotation's `segmentation`.
  ///   - height: of the image, in pixels.
  ///   - width: likewise.
  /// - Returns: nil where no polygon has three corners, and whether one had not.
  /// - Throws: `Failure(.badData)` where it is none of the forms, or for an image of another size.
  static func mask(_ text: JSONReader, height: Int, width: Int) throws -> (mask: RunLengths?, hasThinRing: Bool) {
    switch try text.kind() {
    case .array:
      let all = try rings(text)
      // pycocotools takes fewer numbers for something else, and two corners surround nothing.
      let rings = all.filter { $0.count >= 6 || $0.count % 2 == 1 }
      guard !all.isEmpty else { throw missing(text) }
      if rings.isEmpty { return (nil, true) }
      let mask = try named(text) { try RunLengths(height: height, width: width, polygons: rings) }
      return (mask, rings.count < all.count)
    case .object: return (try runs(text, height: height, width: width), false)
    default: throw missing(text)
    }
  }

  static func missing(_ text: JSONReader) -> Failure {
    Failure(
      .badData, "\(text.name) has no 'segmentation' of polygons or runs",
      remedy: "instances are learned with their masks: boxes alone are not enough")
  }

  private static func rings(_ text: JSONReader) throws -> [[Double]] {
    var rings: [[Double]] = []
    var single: [Double] = []
    try text.array { _ in
      // One polygon without the brackets around it.
      if try text.kind() == .number { single.append(try text.number()) } else { rings.append(try text.numbers()) }
    }
    guard single.isEmpty || rings.isEmpty else { throw text.failure("has numbers among its polygons") }
    return single.isEmpty ? rings : [single]
  }

  private static func runs(_ text: JSONReader, height: Int, width: Int) throws -> RunLengths {
    var size: [Double]?
    var packed: String?
    var counts: [UInt32]?
    try text.object { key in
      switch key {
      case "size": size = try text.numbers()
      case "counts":
        if try text.kind() == .string {
          packed = try text.string()
        } else {
          counts = try text.numbers().map { number in
            guard let count = UInt32(exactly: number) else { throw text.failure("has a run of \(number) pixels") }
            return count
          }
        }
      default: try text.skip()
      }
    }
    guard let size, size == [Double(height), Double(width)] else {
      throw Failure(
        .badData,
        "\(text.name): its runs are for an image of height and width \(size ?? []), which is \(width) x \(height)")
    }
    if let packed { return try named(text) { try RunLengths(height: height, width: width, text: packed) } }
    guard let counts else { throw missing(text) }
    return try named(text) { try RunLengths(height: height, width: width, counts: counts) }
  }

  private static func named(_ text: JSONReader, _ make: () throws -> RunLengths) throws -> RunLengths {
    do { return try make() } catch let failure as Failure {
      throw Failure(failure.kind, "\(text.name): \(failure.message)", remedy: failure.remedy)
    }
  }
}
