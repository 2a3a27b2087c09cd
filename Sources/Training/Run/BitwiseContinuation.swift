import Checkpoints
import TrainingConfiguration

/// Whether a resumed training computes the same bits as the training that wrote its checkpoint would have.
package struct BitwiseContinuation {
  /// What differs and changes bits: "the instruction set (AVX-512 there, AVX2 here)".
  package let differences: [String]

  /// - Parameters:
  ///   - provenance: of the run that goes on.
  package init(from state: CheckpointState, to provenance: [String: String], _ configuration: Configuration) {
    var differences: [String] = []
    func compare(_ name: String, _ there: String?, _ here: String?) {
      guard there != here else { return }
      differences.append("\(name) (\(there ?? "unknown") there, \(here ?? "unknown") here)")
    }
    func compare(_ name: String, key: String) { compare(name, state.provenance[key], provenance[key]) }
    compare("the tool's version", key: "tool_version")
    // The backend knows which of its properties its bits depend on.
    if state.provenance["engine_fingerprint"] != provenance["engine_fingerprint"] {
      let before = differences.count
      compare("the backend", key: "backend")
      compare("the backend's version", key: "engine_version")
      compare("the instruction set", key: "instruction_set")
      // The portable backend's bits don't depend on them.
      if provenance["backend"] == "onednn" { compare("threads per rank", key: "threads") }
      if differences.count == before { compare("the backend", key: "engine_fingerprint") }
    }
    let old = try? Configuration(yaml: state.configurationText, file: "checkpoint")
    compare("batch.global", old.map { "\($0.batch.global)" }, "\(configuration.batch.global)")
    compare("batch.micro", old.map { "\($0.batch.micro)" }, "\(configuration.batch.micro)")
    if old?.distributed.reproducible != true || !configuration.distributed.reproducible {
      compare("ranks, without distributed.reproducible", key: "ranks")
    }
    self.differences = differences
  }

  /// One line for people, or none.
  var note: [String] {
    guard !differences.isEmpty else { return [] }
    return ["from here on not bit-equal to the run before: \(differences.joined(separator: ", "))"]
  }
}
