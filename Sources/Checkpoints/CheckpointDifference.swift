/// What differs between two checkpoints.
package struct CheckpointDifference {
  /// A tensor that differs, and by how much.
  package struct Tensor: Equatable, Sendable {
    /// "parameters/conv1_1/weight", "momentum/conv1_1/weight".
    package let name: String
    /// nil where one of them has no such tensor.
    package let firstShape: [Int]?
    package let secondShape: [Int]?
    /// Whether all bits are equal.
    package let isEqual: Bool
    /// Largest |a-b|; not a number where one of the two is not; nil where shapes differ.
    package let maximumDifference: Float?
  }

  /// An attribute or setting that differs, with both values.
  package struct Fact: Equatable, Sendable {
    /// "training.step", "model.architecture".
    package let name: String
    package let first: String?
    package let second: String?

    package init(name: String, first: String?, second: String?) {
      self.name = name
      self.first = first
      self.second = second
    }
  }

  /// All tensors of both, in the order of their names.
  package let tensors: [Tensor]
  /// Only those that differ.
  package let facts: [Fact]

  package var isEqual: Bool { facts.isEmpty && tensors.allSatisfy(\.isEqual) }

  /// - Throws: what reading the tensors throws.
  package init(_ first: CheckpointState, _ second: CheckpointState) throws {
    let firstTensors = Self.tensors(of: first)
    let secondTensors = Self.tensors(of: second)
    tensors = try Set(firstTensors.keys).union(secondTensors.keys).sorted().map { name in
      try Self.compare(name, firstTensors[name], secondTensors[name])
    }
    let firstFacts = Dictionary(uniqueKeysWithValues: first.facts.map { ($0.name, $0.text) })
    let secondFacts = Dictionary(uniqueKeysWithValues: second.facts.map { ($0.name, $0.text) })
    facts = Set(firstFacts.keys).union(secondFacts.keys).sorted()
      .map { Fact(name: $0, first: firstFacts[$0], second: secondFacts[$0]) }
      .filter { $0.first != $0.second }
  }

  private static func tensors(of state: CheckpointState) -> [String: CheckpointTensor] {
    var result: [String: CheckpointTensor] = [:]
    for tensor in state.parameters { result["parameters/\(tensor.name)"] = tensor }
    for moment in state.optimizerState {
      for tensor in moment.tensors { result["\(moment.name)/\(tensor.name)"] = tensor }
    }
    return result
  }

  private static func compare(_ name: String, _ first: CheckpointTensor?, _ second: CheckpointTensor?) throws -> Tensor
  {
    guard let first, let second, first.shape == second.shape else {
      return Tensor(
        name: name, firstShape: first?.shape, secondShape: second?.shape, isEqual: false, maximumDifference: nil)
    }
    var isEqual = true
    var maximum: Float = 0
    try first.withValues { a in
      try second.forEachPiece { b, offset in
        for index in b.indices where a[offset + index].bitPattern != b[index].bitPattern {
          isEqual = false
          let difference = abs(a[offset + index] - b[index])
          // `max` would lose a NaN on one of its sides.
          if difference.isNaN || difference > maximum { maximum = difference }
          if maximum.isNaN { break }
        }
      }
    }
    return Tensor(
      name: name, firstShape: first.shape, secondShape: second.shape, isEqual: isEqual, maximumDifference: maximum)
  }
}

extension CheckpointState {
  /// Everything but tensors, history and the configuration's text, as named texts in a fixed order.
  package var facts: [(name: String, text: String)] {
    var result: [(name: String, text: String)] = [
      ("model.architecture", model.architecture), ("model.geometry", model.geometry),
      ("model.upsampling", model.upsampling), ("model.classes", "\(model.classes)"),
      ("model.channels", "\(model.channels)"), ("model.widths", "\(model.widths)"), ("model.fc", "\(model.fc)"),
      ("model.skip_scale.pool4", "\(model.pool4Scale)"), ("model.skip_scale.pool3", "\(model.pool3Scale)"),
      ("model.ignore_label", "\(model.ignoreLabel)"),
      ("model.class_names", model.classNames.joined(separator: ", ")),
      ("model.mean", "\(model.mean)"), ("model.std", "\(model.std)"), ("optimizer.name", optimizerName),
      ("training.step", "\(training.step)"), ("training.epoch", "\(training.epoch)"),
      ("training.seed", "\(training.seed)"), ("training.samples_seen", "\(training.samplesSeen)"),
    ]
    for (name, value) in training.scheduleState.sorted(by: { $0.key < $1.key }) {
      result.append(("training.schedule.\(name)", "\(value)"))
    }
    if let metric = training.bestMetric { result.append(("training.best_metric", "\(metric)")) }
    if let step = training.bestStep { result.append(("training.best_step", "\(step)")) }
    for (name, text) in provenance.sorted(by: { $0.key < $1.key }) { result.append(("provenance.\(name)", text)) }
    return result
  }
}
