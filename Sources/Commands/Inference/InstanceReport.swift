import Basics
import Detection
import RunLogging
import Training

/// COCO's numbers as people and programs read them.
struct InstanceReport {
  let split: String
  let classNames: [String]
  let imageCount: Int
  let scores: InstanceScores

  /// A line for each of the twelve numbers, and one for each class.
  var table: String {
    var numbers = TextTable()
    numbers.add(["", "boxes", "masks"])
    for (place, name) in EvaluationSummary.names.enumerated() {
      numbers.add([name, Self.share(scores.boxes.values[place]), Self.share(scores.masks.values[place])])
    }
    var classes = TextTable()
    classes.add(["class", "box AP", "mask AP"])
    for (box, mask) in zip(scores.boxes.categories, scores.masks.categories) {
      classes.add([classNames[box.category], Self.share(box.averagePrecision), Self.share(mask.averagePrecision)])
    }
    return """
      \(classes.text)

      \(numbers.text)

      split \(split), \(counted(imageCount, "image")): box AP \(Self.share(scores.boxes.values[0])), \
      mask AP \(Self.share(scores.masks.values[0]))
      """
  }

  /// docs/formats.md section 9: pycocotools' `stats` by name, -1 where nothing could be measured.
  var json: JSONText {
    .object([
      ("split", .text(split)), ("images", .integer(Int64(imageCount))), ("bbox", Self.numbers(scores.boxes)),
      ("segm", Self.numbers(scores.masks)),
      (
        "classes",
        .list(
          zip(scores.boxes.categories, scores.masks.categories).map { box, mask in
            .object([
              ("name", .text(classNames[box.category])), ("bbox_AP", .number(box.averagePrecision)),
              ("segm_AP", .number(mask.averagePrecision)),
            ])
          })
      ),
    ])
  }

  private static func numbers(_ summary: EvaluationSummary) -> JSONText {
    .object(
      zip(EvaluationSummary.names, summary.values).map { name, value in
        (name, .number(value))
      })
  }

  private static func share(_ value: Double) -> String { value < 0 ? "-" : percentage(value) }
}
