import Basics
import Kernels

/// A layer that has parameters.
package struct Layer {
  /// What a layer computes.
  package enum Kind {
    case convolution(Convolution)
    /// The crop belongs to the place in the graph, not to the layer.
    case deconvolution(channels: Int, kernel: Int, stride: Int)
    /// A convolution whose kernel covers its source: a matrix product.
    case dense(Convolution)
    /// A 2 x 2 deconvolution with stride 2 and bias: a product with four times as many channels, a shuffle of pixels, and
    /// the bias.
    case doubling(channels: Int)
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
  /// Left as it is in this run.
  var isFrozen = false

  var isTrained: Bool { isUpdated && !isFrozen }
  /// What the layer ends in; it has no bias then.
  package var normalization: FrozenNormalization? = nil

  /// A batch normalisation that nothing changes (reference: torchvision's FrozenBatchNorm2d).
  package struct FrozenNormalization {
    package let name: String
    package let epsilon: Float
    /// Its weight before training.
    let startingWeight: Float

    /// As torchvision calls its vectors, and what they are before training.
    package var vectors: [(name: String, start: Float)] {
      [("weight", startingWeight), ("bias", 0), ("running_mean", 0), ("running_var", 1)]
    }
  }

  /// [out, in, kernel, kernel] of a convolution, [in, out, kernel, kernel] of a deconvolution.
  package var weightShape: [Int] {
    switch kind {
    case .convolution(let convolution), .dense(let convolution):
      [convolution.outputChannels, convolution.inputChannels, convolution.kernel, convolution.kernel]
    case .deconvolution(let channels, let kernel, _): [channels, channels, kernel, kernel]
    case .doubling(let channels): [channels, channels, 2, 2]
    }
  }

  /// [out], or nil where the layer has no bias.
  package var biasShape: [Int]? {
    if normalization != nil { return nil }
    return switch kind {
    case .convolution(let convolution), .dense(let convolution): [convolution.outputChannels]
    case .deconvolution: nil
    case .doubling(let channels): [channels]
    }
  }

  /// What the backend computes for a source, where that is not a deconvolution: the layer itself, or a 1 x 1 convolution.
  func product(of source: ActivationShape) -> (convolution: Convolution, source: ActivationShape)? {
    switch kind {
    case .convolution(let convolution): return (convolution, source)
    case .deconvolution: return nil
    case .dense(var convolution):
      let taps = convolution.kernel * convolution.kernel
      convolution.inputChannels *= taps
      convolution.kernel = 1
      return (
        convolution,
        ActivationShape(images: 1, height: 1, width: source.images, channels: taps * source.channels)
      )
    case .doubling(let channels):
      return (
        Convolution(
          inputChannels: channels, outputChannels: 4 * channels, kernel: 1, padding: 0, rectified: false,
          hasBias: false), source
      )
    }
  }

  /// What the product makes, as the next layer takes it.
  func destination(of source: ActivationShape) -> ActivationShape? {
    guard let product = product(of: source) else { return nil }
    var shape = product.convolution.destination(of: product.source)
    if case .dense = kind { (shape.images, shape.width) = (source.images, 1) }
    return shape
  }

  /// How the weights of the product lie in files; nil: as the layer's own.
  var rearrangement: RearrangedWeightLayout.Rearrangement? {
    switch kind {
    case .convolution, .deconvolution: nil
    case .dense(let convolution):
      .covering(taps: convolution.kernel * convolution.kernel, inputs: convolution.inputChannels)
    case .doubling(let channels): .phases(taps: 4, outputs: channels)
    }
  }
}
