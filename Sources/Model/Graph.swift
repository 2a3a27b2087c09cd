import Basics
import Kernels

/// A network as steps over numbered values, for any image size. Value 0 is the image, made larger by `imagePadding` on
/// all sides. Steps may share a layer.
package struct Graph {
  /// One operation on values.
  package struct Step {
    package var operation: Operation
    package var source: Int
    /// The value that the step makes, or one made before that it changes in place.
    package var destination: Int

    /// All that it reads.
    var sources: [Int] {
      switch operation {
      case .roiAlign(_, let levels, _): levels
      case .residual(let identity): [source, identity]
      default: [source]
      }
    }
  }

  /// What a step does.
  package enum Operation {
    case convolution(layer: Int)
    case maxPool(MaxPoolWindow)
    /// The `ordinal`th dropout of the network.
    case dropout(ordinal: Int)
    case scale(Float)
    case deconvolution(layer: Int, offset: Int, size: Size)
    /// Adds the source, cropped at `offset` to the destination's size.
    case addCropped(offset: Int)
    /// Adds another value and rectifies, in place: the end of a residual block (He et al. 2016).
    case residual(identity: Int)
    /// The mean over all positions of an image.
    case globalAveragePool
    /// Nearest neighbours, to the size of another value, which is twice as large.
    case upsample(toValue: Int)
    /// Every second row and column.
    case subsample
    /// The end of a layer that doubles rows and columns: pixels shuffled, bias added, rectified.
    case pixelShuffle(layer: Int)
    /// RoIAlign of a head's regions from the levels of the pyramid, whose first is the source.
    case roiAlign(head: RegionHead, levels: [Int], size: Int)

    /// The layer whose weights the operation has.
    package var layer: Int? {
      switch self {
      case .convolution(let layer), .deconvolution(let layer, _, _): layer
      default: nil
      }
    }

    var choosesMaskRegions: Bool {
      if case .roiAlign(.mask, _, _) = self { true } else { false }
    }
  }

  /// What regions are chosen for.
  package enum RegionHead: Int, CaseIterable, Sendable {
    case box
    case mask
  }

  /// How large the part of a deconvolution's result is that is kept.
  package enum Size {
    case full
    case ofValue(Int)
    case ofImage
  }

  package internal(set) var layers: [Layer]
  package let steps: [Step]
  let valueCount: Int
  package let imagePadding: Int
  /// What the loss is made from: of dense networks one value, the logits.
  package let outputs: [Int]
  /// Logits are float32; several outputs are in the backend's activation type.
  var hasFloatOutput: Bool { outputs.count == 1 }

  /// The value that holds the logits, or the first output.
  package var logits: Int { outputs[0] }

  /// The maps of a feature pyramid, finest first: those that regions are taken from, and the one that is coarser still.
  package var pyramidLevels: [Int] {
    for case .roiAlign(_, let levels, _) in steps.map(\.operation) {
      return levels
        + steps.filter {
          if case .subsample = $0.operation { $0.source == levels.last } else { false }
        }.map(\.destination)
    }
    return []
  }

  func source(images: Int, height: Int, width: Int, channels: Int) -> ActivationShape {
    ActivationShape(
      images: images, height: height + 2 * imagePadding, width: width + 2 * imagePadding, channels: channels)
  }

  /// The layers of these names stay as they are.
  mutating func freeze(_ names: Set<String>) {
    for layer in layers.indices where names.contains(layers[layer].name) { layers[layer].isFrozen = true }
  }

  /// Whether a step has a layer that is trained.
  func isTrained(_ step: Step) -> Bool {
    switch step.operation {
    case .convolution(let layer), .deconvolution(let layer, _, _), .pixelShuffle(let layer): layers[layer].isTrained
    default: false
    }
  }

  /// The values that trained layers have a part in: whose gradient somebody needs.
  var valuesWithGradient: Set<Int> {
    var values: Set<Int> = []
    for step in steps where isTrained(step) || step.sources.contains(where: values.contains) {
      values.insert(step.destination)
    }
    return values
  }

  /// The deconvolution of a step, with its crop.
  func deconvolution(_ step: Step, _ shapes: [ActivationShape], isLogits: Bool) -> Deconvolution {
    guard case .deconvolution(let layer, let offset, _) = step.operation,
      case .deconvolution(let channels, let kernel, let stride) = layers[layer].kind
    else { preconditionFailure("not a deconvolution") }
    let destination = shapes[step.destination]
    return Deconvolution(
      inputChannels: channels, outputChannels: channels, kernel: kernel, stride: stride, offset: offset,
      height: destination.height, width: destination.width, floatDestination: isLogits)
  }
}
