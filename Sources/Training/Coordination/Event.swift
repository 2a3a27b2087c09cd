import Basics
import Collectives
import Foundation

/// A point between two steps where something is due: an evaluation, a checkpoint, the end.
package struct Event: Codable, Equatable, Sendable {
  package enum Ending: String, Codable, Sendable {
    /// All steps are done.
    case finished
    /// The validation stopped improving.
    case stoppedEarly
    /// The process was asked to stop and is to be started again.
    case interrupted
  }

  /// Updates done.
  package let step: Int
  package let isEvaluation: Bool
  package let isCheckpoint: Bool
  /// Set at the last event of the process.
  package let ending: Ending?
  /// The steps since the event before.
  package let records: [StepRecord]

  package init(step: Int, isEvaluation: Bool, isCheckpoint: Bool, ending: Ending?, records: [StepRecord]) {
    self.step = step
    self.isEvaluation = isEvaluation
    self.isCheckpoint = isCheckpoint
    self.ending = ending
    self.records = records
  }

  /// The ending that follows from the plan alone, and what is due.
  package static func due(
    after step: Int, milestones: Milestones, steering: Steering, isStopRequested: Bool, records: [StepRecord]
  ) -> Event? {
    var ending: Ending?
    if step >= milestones.totalSteps {
      ending = .finished
    } else if steering.shouldStopEarly(after: step) {
      ending = .stoppedEarly
    } else if isStopRequested {
      ending = .interrupted
    }
    let isEvaluation = milestones.isEvaluationDue(after: step)
    let isCheckpoint = milestones.isCheckpointDue(after: step) || ending != nil
    guard isEvaluation || isCheckpoint else { return nil }
    return Event(step: step, isEvaluation: isEvaluation, isCheckpoint: isCheckpoint, ending: ending, records: records)
  }
}

/// Values sent between ranks as JSON: small, and readable in a debugger at 2 a.m.
enum Letter {
  static func send<T: Encodable>(_ value: T, to rank: Int, tag: Int, over group: any ProcessGroup) throws {
    let bytes = try JSONEncoder.exact.encode(value)
    var length = UInt64(bytes.count).littleEndian
    try withUnsafeBytes(of: &length) { try group.send($0, to: rank, tag: tag) }
    try bytes.withUnsafeBytes { try group.send($0, to: rank, tag: tag) }
  }

  static func receive<T: Decodable>(
    _ type: T.Type, from rank: Int, tag: Int, over group: any ProcessGroup
  ) throws -> T {
    var length: UInt64 = 0
    try withUnsafeMutableBytes(of: &length) { try group.receive($0, from: rank, tag: tag) }
    var bytes = [UInt8](repeating: 0, count: Int(UInt64(littleEndian: length)))
    try bytes.withUnsafeMutableBytes { try group.receive($0, from: rank, tag: tag) }
    return try JSONDecoder.exact.decode(type, from: Data(bytes))
  }

  /// - Important: Collective.
  static func broadcast<T: Codable>(_ value: T?, from root: Int, over group: any ProcessGroup) throws -> T {
    var bytes = group.rank == root ? [UInt8](try JSONEncoder.exact.encode(value)) : []
    var length = UInt64(bytes.count).littleEndian
    try withUnsafeMutableBytes(of: &length) { try group.broadcast($0, from: root) }
    if group.rank != root { bytes = [UInt8](repeating: 0, count: Int(UInt64(littleEndian: length))) }
    try bytes.withUnsafeMutableBytes { try group.broadcast($0, from: root) }
    return try JSONDecoder.exact.decode(T.self, from: Data(bytes))
  }
}

extension JSONEncoder {
  /// Keeps numbers that JSON has no words for.
  static var exact: JSONEncoder {
    let encoder = JSONEncoder()
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    return encoder
  }
}

extension JSONDecoder {
  static var exact: JSONDecoder {
    let decoder = JSONDecoder()
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    return decoder
  }
}
