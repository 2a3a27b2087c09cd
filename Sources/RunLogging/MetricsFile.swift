import Basics
import Foundation

/// `metrics.jsonl` (docs/formats.md section 7): one JSON object a line.
package final class MetricsFile {
  private let file: AppendedFile

  /// Opens the file of a run that goes on after `step` finished steps: what it holds of later steps, and a last line
  /// that was cut off when the process was killed, are taken out first.
  package init(path: String, continuingAfterStep step: Int) throws {
    try Self.truncate(path, afterStep: step)
    file = try AppendedFile(path: path)
  }

  /// Appends a line `"kind": "step"`.
  package func append(_ record: StepRecord) throws { try append(Self.line(record)) }
  /// Appends a line `"kind": "evaluation"`.
  package func append(_ record: EvaluationRecord) throws { try append(Self.line(record)) }

  private func append(_ line: JSONText) throws { try file.append(Array((line.line + "\n").utf8)) }

  private static func line(_ record: StepRecord) -> JSONText {
    let losses: [(String, JSONText)] =
      record.losses.isEmpty ? [] : [("losses", .object(record.losses.map { ($0.name, .number($0.value)) }))]
    return .object(
      [
        ("kind", .text("step")), ("step", .integer(Int64(record.step))), ("epoch", .number(record.epoch)),
        ("loss", .number(record.loss)),
      ] + losses + [
        ("learning_rate", .number(record.learningRate)),
        ("images_per_second", .number(record.imagesPerSecond)),
        (
          "seconds",
          .object([
            ("data", .number(record.seconds.data)), ("compute", .number(record.seconds.compute)),
            ("exchange", .number(record.seconds.exchange)), ("update", .number(record.seconds.update)),
          ])
        ),
      ])
  }

  private static func line(_ record: EvaluationRecord) -> JSONText {
    .object(
      [("kind", .text("evaluation")), ("step", .integer(Int64(record.step)))]
        + record.measured.map { ($0.metric.name, .number(record.countedNothing ? nil : $0.value)) }
        + [
          ("loss", .number(record.loss)),
          ("classes", .object(record.classes.map { ($0.name, .number($0.value)) })),
        ])
  }

  private static func truncate(_ path: String, afterStep step: Int) throws {
    guard FileManager.default.fileExists(atPath: path) else { return }
    let content = try FileBytes.read(path)
    var kept: [UInt8] = []
    for line in MetricsContent.lines(of: content) {
      guard let record = MetricsContent.Line(line), record.step <= step else { continue }
      kept += line
      kept.append(UInt8(ascii: "\n"))
    }
    guard kept.count != content.count else { return }
    try kept.withUnsafeBytes { try FileBytes.write($0, to: path) }
  }
}
