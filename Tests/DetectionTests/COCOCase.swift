import Basics
import Detection
import Foundation

/// Files in COCO's formats, read for the tests.
struct COCOCase {
  struct Problem: Error { let text: String }

  let categories: [Int]
  private var images: [Int: (height: Int, width: Int)] = [:]
  private var truths: [Int: [TruthInstance]] = [:]
  private var detections: [Int: [DetectedInstance]] = [:]

  static func object(_ path: String) throws -> [String: Any] {
    try JSONSerialization.jsonObject(with: Data(contentsOf: URL(fileURLWithPath: path))) as? [String: Any] ?? [:]
  }

  init(truth: String, detections path: String) throws {
    let truth = try Self.object(truth)
    let results = try JSONSerialization.jsonObject(with: Data(contentsOf: URL(fileURLWithPath: path)))
    categories = (truth["categories"] as? [[String: Any]] ?? []).compactMap { $0["id"] as? Int }
    for image in truth["images"] as? [[String: Any]] ?? [] {
      guard let id = image["id"] as? Int, let h = image["height"] as? Int, let w = image["width"] as? Int else {
        throw Problem(text: "image")
      }
      images[id] = (h, w)
    }
    for entry in truth["annotations"] as? [[String: Any]] ?? [] {
      guard let id = entry["id"] as? Int, let image = entry["image_id"] as? Int, let area = entry["area"] as? Double,
        let category = entry["category_id"] as? Int
      else { throw Problem(text: "annotation") }
      truths[image, default: []].append(
        TruthInstance(
          identifier: id, category: category, box: try box(entry), area: area,
          isCrowd: entry["iscrowd"] as? Int == 1, mask: try mask(entry)))
    }
    for entry in results as? [[String: Any]] ?? [] {
      guard let image = entry["image_id"] as? Int, let score = entry["score"] as? Double,
        let category = entry["category_id"] as? Int
      else { throw Problem(text: "detection") }
      detections[image, default: []].append(
        DetectedInstance(category: category, score: score, box: try box(entry), mask: try mask(entry)))
    }
  }

  private func box(_ entry: [String: Any]) throws -> Rectangle {
    guard let b = entry["bbox"] as? [Double], b.count == 4 else { throw Problem(text: "bbox") }
    return Rectangle(x: b[0], y: b[1], width: b[2], height: b[3])
  }

  private func mask(_ entry: [String: Any]) throws -> RunLengths {
    guard let image = images[entry["image_id"] as? Int ?? -1] else { throw Problem(text: "image_id") }
    if let polygons = entry["segmentation"] as? [[Double]] {
      return try RunLengths(height: image.height, width: image.width, polygons: polygons)
    }
    guard let object = entry["segmentation"] as? [String: Any], let size = object["size"] as? [Int] else {
      throw Problem(text: "segmentation")
    }
    if let text = object["counts"] as? String { return try RunLengths(height: size[0], width: size[1], text: text) }
    return try RunLengths(
      height: size[0], width: size[1], counts: (object["counts"] as? [Int] ?? []).map(UInt32.init))
  }

  func matches(_ kind: EvaluationKind) throws -> [ImageMatches] {
    try images.keys.map {
      try ImageMatches(image: $0, truths: truths[$0] ?? [], detections: detections[$0] ?? [], kind: kind)
    }
  }
}
