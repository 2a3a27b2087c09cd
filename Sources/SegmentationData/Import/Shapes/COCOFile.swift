import Basics
import Foundation

/// Annotations of many images in COCO's format (Lin et al., 2014; cocodataset.org, "Data format"), as CVAT exports them.
struct COCOFile: Decodable {
  struct Picture: Decodable {
    let id: Int
    let file_name: String
    let height: Int?
    let width: Int?
  }

  struct Category: Decodable {
    let id: Int
    let name: String

    private enum CodingKeys: CodingKey { case id, name }

    init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: CodingKeys.self)
      id = try container.decode(Int.self, forKey: .id)
      name = try container.decode(String.self, forKey: .name).trimmingCharacters(in: .whitespaces)
    }
  }

  struct Annotation: Decodable {
    let image_id: Int
    let category_id: Int
    let segmentation: Segmentation?
  }

  /// Polygons [x, y, x, y, …], or the lengths of runs, as numbers or packed into a text.
  enum Segmentation: Decodable {
    case polygons([[Double]])
    case runs(size: [Int], counts: [Int])

    private struct Runs: Decodable {
      let size: [Int]
      let counts: Counts
    }

    private enum Counts: Decodable {
      case numbers([Int])
      case text(String)

      init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let text = try? container.decode(String.self) {
          self = .text(text)
        } else {
          self = .numbers(try container.decode([Int].self))
        }
      }
    }

    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      if let polygons = try? container.decode([[Double]].self) {
        self = .polygons(polygons)
        return
      }
      let runs = try container.decode(Runs.self)
      switch runs.counts {
      case .numbers(let counts): self = .runs(size: runs.size, counts: counts)
      case .text(let text): self = .runs(size: runs.size, counts: COCOFile.unpacked(text))
      }
    }
  }

  let images: [Picture]
  let annotations: [Annotation]
  let categories: [Category]

  /// Run lengths packed as cocoapi's `rleToString` does: five bits a character from "0" on, the sixth says that more
  /// come, and from the fourth length on differences to the one before the last. A text that is none gives [-1].
  static func unpacked(_ text: String) -> [Int] {
    var counts: [Int] = []
    var (value, shift) = (0, 0)
    for byte in text.utf8 {
      guard byte >= 48, byte < 112, shift < 60 else { return [-1] }
      let bits = Int(byte) - 48
      value |= (bits & 31) << shift
      shift += 5
      if bits & 32 != 0 { continue }
      if bits & 16 != 0 { value |= -1 << shift }
      if counts.count > 2 { value &+= counts[counts.count - 2] }
      counts.append(value)
      (value, shift) = (0, 0)
    }
    return shift == 0 ? counts : [-1]
  }

  /// The area of an annotation.
  ///
  /// - Parameter size: of its image.
  /// - Throws: `Failure(.badData)` if it is no area.
  static func area(
    _ segmentation: Segmentation, size: (height: Int, width: Int)?, _ place: String
  ) throws -> Shape.Area {
    switch segmentation {
    case .polygons(let polygons):
      return .rings(
        try polygons.map { numbers in
          guard numbers.count >= 6, numbers.count % 2 == 0 else {
            throw Failure(
              .badData, "\(place): a polygon has \(numbers.count) numbers, not two for each of 3 points or more")
          }
          return stride(from: 0, to: numbers.count, by: 2).map { ShapePoint(x: numbers[$0], y: numbers[$0 + 1]) }
        })
    case .runs(let own, let counts):
      guard own.count == 2, size == nil || size.map({ [$0.height, $0.width] }) == own else {
        throw Failure(.badData, "\(place): the mask is for an image of \(own), not of the image's height and width")
      }
      return .runs(counts)
    }
  }
}
