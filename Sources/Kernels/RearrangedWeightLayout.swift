/// The layout of a 1 x 1 convolution that computes another layer: the weights of that layer are in another order in files.
package final class RearrangedWeightLayout: WeightLayout {
  /// Which layer the 1 x 1 convolution computes.
  package enum Rearrangement: Hashable, Sendable {
    /// A convolution whose kernel covers its source: [out, in, taps] becomes [out, taps x in].
    case covering(taps: Int, inputs: Int)
    /// A deconvolution whose kernel is as large as its stride: [in, out, taps] becomes [taps x out, in].
    case phases(taps: Int, outputs: Int)
  }

  /// The backend's layout of the 1 x 1 convolution.
  package let inner: any WeightLayout
  private let rearrangement: Rearrangement

  package init(_ inner: any WeightLayout, _ rearrangement: Rearrangement) {
    self.inner = inner
    self.rearrangement = rearrangement
  }

  package var canonicalCount: Int { inner.canonicalCount }
  package var count: Int { inner.count }
  package var preparedByteCount: Int { inner.preparedByteCount }
  package var readsBFloat16Only: Bool { inner.readsBFloat16Only }
  package var fingerprint: String { "\(rearrangement) \(inner.fingerprint)" }
  package var preparationPieces: Int { inner.preparationPieces }
  package var preparationScratchByteCount: Int { inner.preparationScratchByteCount }

  package var importsByRows: Bool {
    if case .covering = rearrangement { true } else { false }
  }

  package func importRows(
    _ rows: Range<Int>, _ canonical: UnsafePointer<Float>, into weights: UnsafeMutablePointer<Float>
  ) {
    guard case .covering(let taps, let inputs) = rearrangement else {
      return importCanonical(canonical, into: weights)
    }
    withUnsafeTemporaryAllocation(of: Float.self, capacity: rows.count * taps * inputs) { values in
      guard let values = values.baseAddress else { return }
      for index in 0..<rows.count * taps * inputs { values[place(of: index)] = canonical[index] }
      inner.importRows(rows, values, into: weights)
    }
  }

  package func importCanonical(_ canonical: UnsafePointer<Float>, into weights: UnsafeMutablePointer<Float>) {
    withUnsafeTemporaryAllocation(of: Float.self, capacity: canonicalCount) { values in
      guard let values = values.baseAddress else { return }
      for index in 0..<canonicalCount { values[place(of: index)] = canonical[index] }
      inner.importCanonical(values, into: weights)
    }
  }

  package func exportCanonical(_ weights: UnsafePointer<Float>, into canonical: UnsafeMutablePointer<Float>) {
    withUnsafeTemporaryAllocation(of: Float.self, capacity: canonicalCount) { values in
      guard let values = values.baseAddress else { return }
      inner.exportCanonical(weights, into: values)
      for index in 0..<canonicalCount { canonical[index] = values[place(of: index)] }
    }
  }

  package func prepare(
    _ weights: UnsafePointer<Float>, into prepared: UnsafeMutableRawPointer, pieces: Range<Int>,
    scratch: UnsafeMutableRawPointer
  ) {
    inner.prepare(weights, into: prepared, pieces: pieces, scratch: scratch)
  }

  package func outputs(ofPieces pieces: Range<Int>) -> Range<Int> { inner.outputs(ofPieces: pieces) }

  package func scale(
    _ weights: UnsafePointer<Float>, by factors: UnsafePointer<Float>, outputs: Range<Int>,
    into result: UnsafeMutablePointer<Float>
  ) {
    inner.scale(weights, by: factors, outputs: outputs, into: result)
  }

  /// Where a weight of the file is among those of the 1 x 1 convolution.
  @inline(__always)
  private func place(of index: Int) -> Int {
    switch rearrangement {
    case .covering(let taps, let inputs):
      let (row, rest) = index.quotientAndRemainder(dividingBy: taps * inputs)
      let (input, tap) = rest.quotientAndRemainder(dividingBy: taps)
      return row * taps * inputs + tap * inputs + input
    case .phases(let taps, let outputs):
      let (input, rest) = index.quotientAndRemainder(dividingBy: taps * outputs)
      let (output, tap) = rest.quotientAndRemainder(dividingBy: taps)
      return (tap * outputs + output) * (canonicalCount / (taps * outputs)) + input
    }
  }
}
