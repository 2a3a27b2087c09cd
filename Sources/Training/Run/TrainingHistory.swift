import Basics
import Checkpoints
import RunLogging

/// The steps and evaluations of a training as the columns of a checkpoint's history.
enum TrainingHistory {
  static func columns(
    steps: [StepRecord], evaluations: [EvaluationRecord], task: VisionTask, classCount: Int
  ) -> [String: [String: HistoryColumn]] {
    var evaluationColumns: [String: HistoryColumn] = [
      "step": .integers(evaluations.map { Int64($0.step) }),
      "loss": .reals(evaluations.map(\.loss)),
    ]
    for (place, metric) in task.metrics.enumerated() {
      evaluationColumns[metric.name] = .reals(evaluations.map { $0.values[place] })
    }
    for c in 0..<classCount {
      evaluationColumns["\(task.classMetric.name)_\(c)"] = .reals(evaluations.map { $0.classes[c].value ?? .nan })
    }
    return [
      "steps": [
        "step": .integers(steps.map { Int64($0.step) }), "epoch": .reals(steps.map(\.epoch)),
        "loss": .reals(steps.map(\.loss)), "learning_rate": .reals(steps.map(\.learningRate)),
        "images_per_second": .reals(steps.map(\.imagesPerSecond)),
      ],
      "evaluations": evaluationColumns,
    ]
  }

  static func steps(in history: [String: [String: HistoryColumn]]) -> [StepRecord] {
    let table = Table(history["steps"] ?? [:])
    return (0..<table.count).map {
      StepRecord(
        step: table.integer("step", $0), epoch: table.real("epoch", $0), loss: table.real("loss", $0),
        learningRate: table.real("learning_rate", $0), imagesPerSecond: table.real("images_per_second", $0),
        seconds: StepRecord.Seconds(data: .nan, compute: .nan, exchange: .nan, update: .nan))
    }
  }

  static func evaluations(
    in history: [String: [String: HistoryColumn]], task: VisionTask, classNames: [String]
  ) -> [EvaluationRecord] {
    let table = Table(history["evaluations"] ?? [:])
    return (0..<table.count).map { row in
      EvaluationRecord(
        step: table.integer("step", row), task: task, values: task.metrics.map { table.real($0.name, row) },
        loss: table.real("loss", row),
        classes: classNames.enumerated().map { c, name in
          let value = table.real("\(task.classMetric.name)_\(c)", row)
          return EvaluationRecord.ClassResult(name: name, value: value.isNaN ? nil : value)
        })
    }
  }

  private struct Table {
    let columns: [String: HistoryColumn]
    let count: Int

    init(_ columns: [String: HistoryColumn]) {
      self.columns = columns
      count = columns.values.map(\.count).min() ?? 0
    }

    func integer(_ name: String, _ row: Int) -> Int {
      if case .integers(let values) = columns[name] { return Int(values[row]) }
      return 0
    }

    func real(_ name: String, _ row: Int) -> Double {
      if case .reals(let values) = columns[name] { return values[row] }
      return .nan
    }
  }
}
