/// The vectors of a frozen batch normalisation (Ioffe & Szegedy 2015): y = (x - mean) / sqrt(variance + epsilon) * weight
/// + bias, for each channel. Nothing changes them.
package struct NormalizationVectors {
  package var weight: UnsafePointer<Float>
  package var bias: UnsafePointer<Float>
  package var mean: UnsafePointer<Float>
  package var variance: UnsafePointer<Float>

  package init(
    weight: UnsafePointer<Float>, bias: UnsafePointer<Float>, mean: UnsafePointer<Float>,
    variance: UnsafePointer<Float>
  ) {
    self.weight = weight
    self.bias = bias
    self.mean = mean
    self.variance = variance
  }
}

/// A convolution without bias and the frozen batch normalisation behind it, as one convolution with bias. The master
/// weights stay those of the convolution alone; what the multiplications read are copies of it, each output multiplied
/// by scale = weight / sqrt(variance + epsilon), and the bias is bias - mean * scale. So the gradient of the master
/// weights is that of the copies times scale.
///
/// The compute copies are scales, shifts, scaled weights, and what the layout itself prepares from these.
package final class FoldedWeights {
  package let layout: any WeightLayout
  private let outputs: Int
  private let epsilon: Float
  private let vectorByteCount: Int

  package init(_ layout: any WeightLayout, outputs: Int, epsilon: Float) {
    self.layout = layout
    self.outputs = outputs
    self.epsilon = epsilon
    vectorByteCount = (4 * outputs + 63) / 64 * 64
  }

  private var weightOffset: Int { 2 * vectorByteCount }
  private var innerOffset: Int { weightOffset + (4 * layout.count + 63) / 64 * 64 }
  package var preparedByteCount: Int { innerOffset + layout.preparedByteCount }
  package var preparationScratchByteCount: Int { layout.preparationScratchByteCount }
  /// Padding is cleared before the scaled weights are written, which only one rank may do.
  package var preparationPieces: Int { hasPadding ? 1 : layout.preparationPieces }
  package var fingerprint: String { "folded \(epsilon)" }

  private var hasPadding: Bool { layout.count != layout.canonicalCount }

  /// As `WeightLayout.prepare`.
  package func prepare(
    _ weights: UnsafePointer<Float>, _ vectors: NormalizationVectors, into prepared: UnsafeMutableRawPointer,
    pieces: Range<Int>, scratch: UnsafeMutableRawPointer
  ) {
    guard !pieces.isEmpty else { return }
    let pieces = hasPadding ? 0..<layout.preparationPieces : pieces
    let own = hasPadding ? 0..<outputs : layout.outputs(ofPieces: pieces)
    let scales = prepared.assumingMemoryBound(to: Float.self)
    let shifts = (prepared + vectorByteCount).assumingMemoryBound(to: Float.self)
    for output in own {
      scales[output] = vectors.weight[output] / (vectors.variance[output] + epsilon).squareRoot()
      shifts[output] = vectors.bias[output] - vectors.mean[output] * scales[output]
    }
    let scaled = (prepared + weightOffset).assumingMemoryBound(to: Float.self)
    if hasPadding { scaled.update(repeating: 0, count: layout.count) }
    layout.scale(weights, by: scales, outputs: own, into: scaled)
    layout.prepare(scaled, into: prepared + innerOffset, pieces: pieces, scratch: scratch)
  }

  /// What the operation reads.
  package func weights(_ prepared: UnsafeRawPointer) -> LayerWeights {
    LayerWeights(
      master: (prepared + weightOffset).assumingMemoryBound(to: Float.self), prepared: prepared + innerOffset,
      bias: (prepared + vectorByteCount).assumingMemoryBound(to: Float.self))
  }

  /// Turns the gradient of the scaled weights into that of the master weights.
  package func scaleGradient(_ gradient: UnsafeMutablePointer<Float>, _ prepared: UnsafeRawPointer) {
    layout.scale(
      gradient, by: prepared.assumingMemoryBound(to: Float.self), outputs: 0..<outputs, into: gradient)
  }
}
