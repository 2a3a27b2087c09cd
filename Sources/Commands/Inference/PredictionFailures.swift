import Basics
import Collectives

/// The images that could not be predicted: the others are, and these are listed at the end.
struct PredictionFailures {
  private var failures: [Int: Failure] = [:]

  mutating func add(_ failure: Failure, at index: Int) { failures[index] = failure }

  func contains(_ index: Int) -> Bool { failures[index] != nil }

  var count: Int { failures.count }

  /// One for all.
  ///
  /// - Parameter count: of all images.
  /// - Precondition: there is one.
  func failure(of count: Int) -> Failure {
    let sorted = failures.sorted { $0.key < $1.key }.map(\.value)
    if count == 1, let only = sorted.first { return only }
    let list = sorted.map(\.description).joined(separator: "; ")
    return Failure(.badData, "\(sorted.count) of \(counted(count, "image")) could not be predicted: \(list)")
  }

  /// Those of all ranks.
  ///
  /// - Important: Collective over `group`.
  func gathered(_ group: any ProcessGroup) throws -> PredictionFailures {
    let own = failures.map { "\($0.key)\u{1}\($0.value.kind.rawValue)\u{1}\($0.value.description)" }
    var all = PredictionFailures()
    for bytes in try group.allGather(Array(own.joined(separator: "\0").utf8)) {
      for entry in String(decoding: bytes, as: UTF8.self).split(separator: "\0") {
        let fields = entry.split(separator: "\u{1}", maxSplits: 2).map(String.init)
        guard fields.count == 3, let index = Int(fields[0]), let code = Int32(fields[1]) else { continue }
        all.add(Failure(Failure.Kind(rawValue: code) ?? .badData, fields[2]), at: index)
      }
    }
    return all
  }
}
