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

  private var instances: InstanceReport? {
    evaluation.scores.map {
      InstanceReport(split: split, classNames: classNames, imageCount: evaluation.imageCount, scores: $0)
    }
  }

  /// A line for each class and the means below.
  package var table: String {
    if let instances { return instances.table }
    let confusion = evaluation.confusion
    guard confusion.pixelCount > 0 else {
      return "split \(split), \(counted(evaluation.imageCount, "image")): nothing was counted, "
        + "every \(evaluation.task.labelledUnit) is of no class"
    }
    if evaluation.task == .classification { return classificationTable }
    var table = TextTable()
    let boundary = evaluation.boundary
    table.add(["class", "IoU", "accuracy"] + (boundary == nil ? [] : ["boundary F"]) + ["pixels"])
    for (label, name) in classNames.enumerated() {
      table.add(
        [name, percentage(confusion.intersectionOverUnion(label)), percentage(confusion.accuracy(label))]
          + (boundary.map { [percentage($0.value(ofClass: label))] } ?? [])
          + [grouped(Int(confusion.truthCount(label)))])
    }
    table.add(
      ["mean", percentage(confusion.meanIntersectionOverUnion), percentage(confusion.meanClassAccuracy)]
        + (boundary.map { [percentage($0.mean)] } ?? []) + [grouped(Int(confusion.pixelCount))])
    return """
      \(table.text)

      split \(split), \(evaluation.imageCount) images: mean IoU \(percentage(confusion.meanIntersectionOverUnion)), \
      pixel accuracy \(percentage(confusion.pixelAccuracy)), \
      frequency-weighted IoU \(percentage(confusion.frequencyWeightedIntersectionOverUnion))\
      \(boundary.map { ", boundary F \(percentage($0.mean))" } ?? "")\
      \(evaluation.loss.isFinite ? ", loss \(significant(evaluation.loss, 4))" : "")
      """
  }

  private var classificationTable: String {
    let confusion = evaluation.confusion
    var table = TextTable()
    table.add(["class", "accuracy", "images", "most often taken for"])
    for (label, name) in classNames.enumerated() {
      let count = confusion.truthCount(label)
      let others = classNames.indices.filter { $0 != label && confusion[label, $0] > 0 }
      let taken = others.max { confusion[label, $0] < confusion[label, $1] }
      table.add([
        name, percentage(confusion.accuracy(label)), grouped(Int(count)),
        taken.map { "\(classNames[$0]) (\(percentage(Double(confusion[label, $0]) / Double(count))))" } ?? "",
      ])
    }
    return """
      \(table.text)

      split \(split), \(evaluation.imageCount) images: top-1 \(percentage(confusion.pixelAccuracy)), \
      top-5 \(percentage(evaluation.topFive)), loss \(significant(evaluation.loss, 4))
      """
  }

  /// docs/formats.md section 6.
  package var json: JSONText {
    if let instances { return instances.json }
    let confusion = evaluation.confusion
    if evaluation.task == .classification { return classificationJSON }
    let boundary = evaluation.boundary
    // Where nothing was counted there is nothing to divide by.
    let mean = { (value: Double) in JSONText.number(confusion.pixelCount > 0 ? value : nil) }
    let classes = classNames.enumerated().map { label, name in
      JSONText.object(
        [
          ("name", .text(name)), ("iou", .number(confusion.intersectionOverUnion(label))),
          ("accuracy", .number(confusion.accuracy(label))), ("pixels", .integer(confusion.truthCount(label))),
        ] + (boundary.map { [("boundary_f", .number($0.value(ofClass: label)))] } ?? []))
    }
    return .object(
      [
        ("split", .text(split)), ("images", .integer(Int64(evaluation.imageCount))),
        ("pixels", .integer(confusion.pixelCount)), ("pixel_accuracy", mean(confusion.pixelAccuracy)),
        ("mean_class_accuracy", mean(confusion.meanClassAccuracy)),
        ("mean_iou", mean(confusion.meanIntersectionOverUnion)),
        ("frequency_weighted_iou", mean(confusion.frequencyWeightedIntersectionOverUnion)),
      ] + (boundary.map { [("boundary_f", .number($0.mean))] } ?? []) + [
        ("loss", mean(evaluation.loss)), ("classes", .list(classes)), ("confusion", confusionRows),
      ])
  }

  private var classificationJSON: JSONText {
    let confusion = evaluation.confusion
    let share = { (value: Double) in JSONText.number(confusion.pixelCount > 0 ? value : nil) }
    let classes = classNames.enumerated().map { label, name in
      JSONText.object([
        ("name", .text(name)), ("accuracy", .number(confusion.accuracy(label))),
        ("images", .integer(confusion.truthCount(label))),
      ])
    }
    return .object([
      ("split", .text(split)), ("images", .integer(Int64(evaluation.imageCount))),
      ("top1", share(confusion.pixelAccuracy)), ("top5", share(evaluation.topFive)), ("loss", share(evaluation.loss)),
      ("classes", .list(classes)), ("confusion", confusionRows),
    ])
  }

  /// Truth by prediction.
  private var confusionRows: JSONText {
    let confusion = evaluation.confusion
    return .list(
      (0..<confusion.classCount).map { truth in
        .list((0..<confusion.classCount).map { .integer(confusion[truth, $0]) })
      })
  }
}
