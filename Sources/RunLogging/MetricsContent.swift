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
      guard let fields = try? JSONDecoder().decode(Fields.self, from: Data(bytes)) else { return nil }
      switch fields.kind {
      case "step": record = .step(fields.stepRecord)
      case "evaluation": record = .evaluation(fields.evaluationRecord)
      default: return nil
      }
    }
  }

  private struct Fields: Decodable {
    let kind: String
    let step: Int
    let epoch: Double?
    let loss: Double?
    let learning_rate: Double?
    let images_per_second: Double?
    let seconds: [String: Double?]?
    let mean_iou: Double?
    let pixel_accuracy: Double?
    let classes: [String: Double?]?

    var stepRecord: StepRecord {
      func spent(_ name: String) -> Double { (seconds?[name] ?? nil) ?? 0 }
      return StepRecord(
        step: step, epoch: epoch ?? .nan, loss: loss ?? .nan, learningRate: learning_rate ?? .nan,
        imagesPerSecond: images_per_second ?? .nan,
        seconds: StepRecord.Seconds(
          data: spent("data"), compute: spent("compute"), exchange: spent("exchange"), update: spent("update")))
    }

    var evaluationRecord: EvaluationRecord {
      EvaluationRecord(
        step: step, meanIntersectionOverUnion: mean_iou ?? .nan, pixelAccuracy: pixel_accuracy ?? .nan,
        loss: loss ?? .nan,
        classes: (classes ?? [:]).sorted { $0.key < $1.key }.map {
          EvaluationRecord.ClassResult(name: $0.key, intersectionOverUnion: $0.value)
        })
    }
  }
}
