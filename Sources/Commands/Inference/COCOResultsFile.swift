import Basics
import Detection
import Instances
import RunLogging

/// Detections in COCO's result format: a list of objects with `image_id`, `category_id`, `bbox`, `score` and
/// `segmentation` (compressed run lengths), as pycocotools' `loadRes` reads it.
final class COCOResultsFile {
  let path: String
  private var parts: [[UInt8]] = []

  init(path: String) { self.path = path }

  /// An image's objects, separated by commas. The image's id is the number that its name is, as COCO's are, else its
  /// place from 1 on; classes are numbered as in the dataset.
  func text(_ index: Int, key: String, _ objects: [DetectedObject], _ masks: [RunLengths]) -> [UInt8] {
    let name = key.split(separator: "/").last.map(String.init) ?? key
    let identifier = Int64(name) ?? Int64(index + 1)
    let lines = zip(objects, masks).map { object, mask in
      JSONText.object([
        ("image_id", .integer(identifier)), ("file_name", .text(key)),
        ("category_id", .integer(Int64(object.category))),
        (
          "bbox",
          .list(
            [object.box.x1, object.box.y1, object.box.width, object.box.height].map { .number(Double($0)) })
        ), ("score", .number(Double(object.score))),
        (
          "segmentation",
          .object([
            ("size", .list([.integer(Int64(mask.height)), .integer(Int64(mask.width))])),
            ("counts", .text(mask.text)),
          ])
        ),
      ]).line
    }
    return Array(lines.joined(separator: ",\n").utf8)
  }

  func append(_ text: [UInt8]) {
    if !text.isEmpty { parts.append(text) }
  }

  /// Writes the file, whole or not at all.
  func finish() throws {
    let bytes = Array("[".utf8) + parts.joined(separator: Array(",\n".utf8)) + Array("]\n".utf8)
    try bytes.withUnsafeBytes { try FileBytes.write($0, to: path) }
  }
}
