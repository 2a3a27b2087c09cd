import Crypto

extension CheckpointState {
  /// One SHA-256, 64 hexadecimal digits, over everything that the continuation of the training depends on: parameters,
  /// optimizer state, step, seed, samples seen, schedule and best metric. Not over configuration, history, names and
  /// provenance.
  ///
  /// What is hashed, integers as 64 bits and reals as IEEE bits, all little-endian, a text as its length in UTF-8 bytes
  /// and these bytes, lists in the order of their names' bytes and preceded by their length:
  /// the text "fcn-dist-digest-1";
  /// parameters: list of (name, list of extents, float32 values in C order);
  /// optimizer state: list of (name, list of tensors as above);
  /// step, seed, samples seen; schedule: list of (name, float64);
  /// best metric: 0, or 1 and a float64; best step: 0, or 1 and the step.
  ///
  /// - Throws: what reading the tensors throws.
  package func digest() throws -> String {
    var hasher = CanonicalHasher()
    hasher.update("fcn-dist-digest-1")
    try hasher.update(parameters)
    hasher.update(UInt64(optimizerState.count))
    for moment in optimizerState.sorted(by: { CanonicalHasher.precedes($0.name, $1.name) }) {
      hasher.update(moment.name)
      try hasher.update(moment.tensors)
    }
    hasher.update(UInt64(training.step))
    hasher.update(training.seed)
    hasher.update(UInt64(training.samplesSeen))
    hasher.update(UInt64(training.scheduleState.count))
    for (name, value) in training.scheduleState.sorted(by: { CanonicalHasher.precedes($0.key, $1.key) }) {
      hasher.update(name)
      hasher.update(value.bitPattern)
    }
    hasher.update(optional: training.bestMetric?.bitPattern)
    hasher.update(optional: training.bestStep.map { UInt64($0) })
    return hasher.hexadecimal()
  }
}

private struct CanonicalHasher {
  private var function = SHA256()

  static func precedes(_ a: String, _ b: String) -> Bool { a.utf8.lexicographicallyPrecedes(b.utf8) }

  mutating func update(_ value: UInt64) {
    withUnsafeBytes(of: value.littleEndian) { function.update(bufferPointer: $0) }
  }

  mutating func update(optional value: UInt64?) {
    update(value == nil ? 0 : 1)
    if let value { update(value) }
  }

  mutating func update(_ text: String) {
    update(UInt64(text.utf8.count))
    function.update(data: Array(text.utf8))
  }

  mutating func update(_ tensors: [CheckpointTensor]) throws {
    update(UInt64(tensors.count))
    for tensor in tensors.sorted(by: { Self.precedes($0.name, $1.name) }) {
      update(tensor.name)
      update(UInt64(tensor.shape.count))
      for extent in tensor.shape { update(UInt64(extent)) }
      var function = function
      try tensor.forEachPiece { piece, _ in function.update(bufferPointer: UnsafeRawBufferPointer(piece)) }
      self.function = function
    }
  }

  func hexadecimal() -> String {
    function.finalize().map { byte in
      let digits = String(byte, radix: 16)
      return digits.count == 1 ? "0\(digits)" : digits
    }.joined()
  }
}
