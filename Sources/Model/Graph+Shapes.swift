import Basics
import Kernels

extension Graph {
  /// The shape of every value.
  ///
  /// - Parameter regions: places an image for the regions of each head.
  /// - Throws: `Failure` that names the image's size where it is too small for the network.
  func shapes(
    images: Int, height: Int, width: Int, channels: Int, regions: [RegionHead: Int] = [:]
  ) throws -> [ActivationShape] {
    guard images >= 1, height >= 1, width >= 1 else {
      throw Failure(.badData, "an image of \(height) x \(width) pixels", remedy: "an image has at least one pixel")
    }
    let nothing = ActivationShape(images: images, height: 0, width: 0, channels: 0)
    var shapes = [ActivationShape](repeating: nothing, count: valueCount)
    shapes[0] = source(images: images, height: height, width: width, channels: channels)
    for step in steps {
      let shape: ActivationShape?
      switch step.operation {
      case .deconvolution: shape = destination(ofDeconvolution: step, shapes, image: (height, width))
      case .upsample, .subsample, .roiAlign, .pixelShuffle:
        shape = try destination(inPyramid: step, shapes, images: images, regions)
      default: shape = destination(of: step, shapes)
      }
      guard let shape else {
        throw Failure(
          .badData, "an image of \(height) x \(width) pixels is too small for this network",
          remedy: "use larger images, or model.geometry same")
      }
      shapes[step.destination] = shape
    }
    return shapes
  }

  /// nil where the image is too small.
  private func destination(of step: Step, _ shapes: [ActivationShape]) -> ActivationShape? {
    let source = shapes[step.source]
    switch step.operation {
    case .convolution(let layer):
      guard let shape = layers[layer].destination(of: source) else { preconditionFailure() }
      return shape.height >= 1 && shape.width >= 1 ? shape : nil
    case .maxPool: return half(source)
    case .residual(let identity):
      precondition(source == shapes[identity], "a residual block of one shape")
      return shapes[step.destination]
    case .dropout, .scale: return source
    case .addCropped(let offset):
      let target = shapes[step.destination]
      return offset + target.height <= source.height && offset + target.width <= source.width ? target : nil
    case .globalAveragePool:
      return ActivationShape(images: source.images, height: 1, width: 1, channels: source.channels)
    case .deconvolution, .upsample, .subsample, .roiAlign, .pixelShuffle:
      preconditionFailure("has a function of its own")
    }
  }

  private func half(_ source: ActivationShape) -> ActivationShape {
    ActivationShape(
      images: source.images, height: (source.height + 1) / 2, width: (source.width + 1) / 2, channels: source.channels)
  }

  /// nil where the image is too small.
  private func destination(
    ofDeconvolution step: Step, _ shapes: [ActivationShape], image: (height: Int, width: Int)
  ) -> ActivationShape? {
    guard case .deconvolution(let layer, let offset, let size) = step.operation,
      case .deconvolution(let channels, let kernel, let stride) = layers[layer].kind
    else { preconditionFailure("not a deconvolution") }
    let source = shapes[step.source]
    let full = ((source.height - 1) * stride + kernel, (source.width - 1) * stride + kernel)
    let kept: (Int, Int) =
      switch size {
      case .full: full
      case .ofValue(let value): (shapes[value].height, shapes[value].width)
      case .ofImage: image
      }
    guard offset + kept.0 <= full.0 && offset + kept.1 <= full.1 else { return nil }
    return ActivationShape(images: source.images, height: kept.0, width: kept.1, channels: channels)
  }

  /// Of the feature pyramid and the heads behind it.
  private func destination(
    inPyramid step: Step, _ shapes: [ActivationShape], images: Int, _ regions: [RegionHead: Int]
  ) throws -> ActivationShape {
    let source = shapes[step.source]
    switch step.operation {
    case .upsample(let target):
      let target = shapes[target]
      guard target.height == 2 * source.height, target.width == 2 * source.width else {
        throw Failure(
          .internalError,
          "a feature pyramid with a level of \(target.height) x \(target.width) above one of "
            + "\(source.height) x \(source.width)", remedy: "pad images to a multiple of 32 pixels")
      }
      return ActivationShape(images: images, height: target.height, width: target.width, channels: source.channels)
    case .roiAlign(let head, _, let size):
      return ActivationShape(
        images: images * (regions[head] ?? 1), height: size, width: size, channels: source.channels)
    case .pixelShuffle:
      return ActivationShape(
        images: source.images, height: 2 * source.height, width: 2 * source.width, channels: source.channels / 4)
    default: return half(source)
    }
  }
}
