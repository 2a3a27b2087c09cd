import Basics
import Foundation

/// What a run's `metrics.jsonl` tells.
package struct MetricsContent: Equatable, Sendable {
  package private(set) var steps: [StepRecord] = []
  package private(set) var evaluations: [EvaluationRecord] = []
  /// Lines that are no record: normally none, or one that was cut off by a kill.
  package private(set) var unreadableLines = 0

  package init(path: String) throws {
    for line in Self.lines(of: try FileBytes.read(path)) {
      switch Line(line)?.record {
      case .step(let record): steps.append(record)
      case .evaluation(let record): evaluations.append(record)
      case nil: unreadableLines += 1
      }
    }
  }

  static func lines(of content: [UInt8]) -> [ArraySlice<UInt8>] {
    content.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: true)
  }
}

extension MetricsContent {
  /// One line, decoded.
  struct Line {
    enum Record {
      case step(StepRecord)
      case evaluation(EvaluationRecord)
    }

    let record: Record
    var step: Int {
      switch record {
      case .step(let record): record.step
      case .evaluation(let record): record.step
      }
    }

    /// nil: it is no record.
    init?(_ bytes: ArraySlice<UInt8>) {
      let decoder = JSONDecoder()
      guard let fields = try? decoder.decode(Fields.self, from: Data(bytes)) else { return nil }
      switch fields.kind {
      case "step": record = .step(fields.stepRecord)
      case "evaluation":
        guard let metrics = try? decoder.decode(Metrics.self, from: Data(bytes)) else { return nil }
        record = .evaluation(fields.evaluationRecord(metrics))
      default: return nil
      }
    }
  }

  private struct Fields: Decodable {
    let kind: String
    let step: Int
    let epoch: Double?
    let loss: Double?
    let losses: [String: Double?]?
    let learning_rate: Double?
    let images_per_second: Double?
    let seconds: [String: Double?]?
    let classes: [String: Double?]?

    var stepRecord: StepRecord {
      func spent(_ name: String) -> Double { (seconds?[name] ?? nil) ?? 0 }
      return StepRecord(
        step: step, epoch: epoch ?? .nan, loss: loss ?? .nan, learningRate: learning_rate ?? .nan,
        imagesPerSecond: images_per_second ?? .nan,
        seconds: StepRecord.Seconds(
          data: spent("data"), compute: spent("compute"), exchange: spent("exchange"), update: spent("update")),
        losses: (losses ?? [:]).sorted { $0.key < $1.key }.map { StepRecord.Loss(name: $0, value: $1 ?? .nan) })
    }

    func evaluationRecord(_ metrics: Metrics) -> EvaluationRecord {
      EvaluationRecord(
        step: step, task: metrics.task, values: metrics.values, loss: loss ?? .nan,
        classes: (classes ?? [:]).sorted { $0.key < $1.key }.map {
          EvaluationRecord.ClassResult(name: $0.key, value: $0.value)
        })
    }
  }

  /// The metrics of a line, whose names say of which task it is.
  private struct Metrics: Decodable {
    private struct Key: CodingKey {
      let stringValue: String
      let intValue: Int? = nil
      init(stringValue: String) { self.stringValue = stringValue }
      init?(intValue: Int) { nil }
    }

    let task: VisionTask
    /// NaN where there was nothing to measure.
    let values: [Double]

    init(from decoder: any Decoder) throws {
      let line = try decoder.container(keyedBy: Key.self)
      task = VisionTask.allCases.first { line.contains(Key(stringValue: $0.metrics[0].name)) } ?? .semantic
      values = try task.metrics.map {
        try line.decodeIfPresent(Double.self, forKey: Key(stringValue: $0.name)) ?? .nan
      }
    }
  }
}
