import Basics
import Kernels

/// A layer that has parameters.
package struct Layer {
  /// What a layer computes.
  package enum Kind {
    case convolution(Convolution)
    /// The crop belongs to the place in the graph, not to the layer.
    case deconvolution(channels: Int, kernel: Int, stride: Int, hasBias: Bool)
  }
  /// What the weights are before training.
  enum Start: Equatable {
    case heNormal
    /// Deviation sqrt(1 / inputs of a unit): for layers whose output is not rectified.
    case lecunNormal
    case normal(deviation: Float)
    case zero
    case bilinear
  }

  package let name: String
  package let kind: Kind
  let start: Start
  let isUpdated: Bool

  /// [out, in, kernel, kernel] of a convolution, [in, out, kernel, kernel] of a deconvolution.
  package var weightShape: [Int] {
    switch kind {
    case .convolution(let convolution):
      [convolution.outputChannels, convolution.inputChannels, convolution.kernel, convolution.kernel]
    case .deconvolution(let channels, let kernel, _, _): [channels, channels, kernel, kernel]
    }
  }

  /// [out], or nil where the layer has no bias.
  package var biasShape: [Int]? {
    switch kind {
    case .convolution(let convolution): [convolution.outputChannels]
    case .deconvolution(let channels, _, _, let hasBias): hasBias ? [channels] : nil
    }
  }
}
