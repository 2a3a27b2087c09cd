import Basics
import RunLogging
import Training

/// An evaluation as people and programs read it.
package struct EvaluationReport {
  package let split: String
  package let classNames: [String]
  package let evaluation: Evaluation

  package init(split: String, classNames: [String], evaluation: Evaluation) {
    self.split = split
    self.classNames = classNames
    self.evaluation = evaluation
  }

  /// A line for each class and the means below.
  package var table: String {
    let confusion = evaluation.confusion
    guard confusion.pixelCount > 0 else {
      return
        "split \(split), \(counted(evaluation.imageCount, "image")): nothing was counted, every pixel is of no class"
    }
    var table = TextTable()
    table.add(["class", "IoU", "accuracy", "pixels"])
    for (label, name) in classNames.enumerated() {
      table.add([
        name, percentage(confusion.intersectionOverUnion(label)), percentage(confusion.accuracy(label)),
        grouped(Int(confusion.truthCount(label))),
      ])
    }
    table.add([
      "mean", percentage(confusion.meanIntersectionOverUnion), percentage(confusion.meanClassAccuracy),
      grouped(Int(confusion.pixelCount)),
    ])
    return """
      \(table.text)

      split \(split), \(evaluation.imageCount) images: mean IoU \(percentage(confusion.meanIntersectionOverUnion)), \
      pixel accuracy \(percentage(confusion.pixelAccuracy)), \
      frequency-weighted IoU \(percentage(confusion.frequencyWeightedIntersectionOverUnion))\
      \(evaluation.loss.isFinite ? ", loss \(significant(evaluation.loss, 4))" : "")
      """
  }

  /// docs/formats.md section 6.
  package var json: JSONText {
    let confusion = evaluation.confusion
    // Where nothing was counted there is nothing to divide by.
    let mean = { (value: Double) in JSONText.number(confusion.pixelCount > 0 ? value : nil) }
    let classes = classNames.enumerated().map { label, name in
      JSONText.object([
        ("name", .text(name)), ("iou", .number(confusion.intersectionOverUnion(label))),
        ("accuracy", .number(confusion.accuracy(label))), ("pixels", .integer(confusion.truthCount(label))),
      ])
    }
    let rows = (0..<confusion.classCount).map { truth in
      JSONText.list((0..<confusion.classCount).map { .integer(confusion[truth, $0]) })
    }
    return .object([
      ("split", .text(split)), ("images", .integer(Int64(evaluation.imageCount))),
      ("pixels", .integer(confusion.pixelCount)), ("pixel_accuracy", mean(confusion.pixelAccuracy)),
      ("mean_class_accuracy", mean(confusion.meanClassAccuracy)),
      ("mean_iou", mean(confusion.meanIntersectionOverUnion)),
      ("frequency_weighted_iou", mean(confusion.frequencyWeightedIntersectionOverUnion)),
      ("loss", mean(evaluation.loss)), ("classes", .list(classes)), ("confusion", .list(rows)),
    ])
  }
}
