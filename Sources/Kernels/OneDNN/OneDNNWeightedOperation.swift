import Basics
import COneDNN

/// Bytes past what the library asks for: its kernels have been seen to reach a little beyond their scratch memory.
let scratchSlack = 64 << 10

/// A convolution or deconvolution as the library computes it directly.
final class OneDNNWeightedOperation: WeightedOperation {
  let source: ActivationShape
  let destination: ActivationShape
  let scratchByteCount: Int
  private let layout: OneDNNWeightLayout
  private let isTransposed: Bool
  private let forward: OneDNNPinnedPrimitive
  private let backwardData: OneDNNPinnedPrimitive?
  private let backwardWeights: OneDNNPinnedPrimitive?
  /// Where weight gradients are computed with real zeros around the padded side.
  private let weightFrame: OneDNNFrame?

  init(
    _ shape: conednn_convolution, layout: OneDNNWeightLayout, purpose: OperationPurpose, threads: Int
  ) throws {
    func make(
      _ direction: OneDNNPrimitive.Direction, _ fixed: OneDNNDescriptor, _ shape: conednn_convolution
    ) throws -> OneDNNPinnedPrimitive {
      try OneDNNPinnedPrimitive(direction, fixed: fixed, threads: threads) {
        try OneDNNPrimitive.convolution(shape, direction, threads: threads, weights: $0)
      }
    }
    source = shape.source
    destination = shape.destination
    isTransposed = shape.transposed != 0
    self.layout = layout
    forward = try make(.forward, layout.forward.descriptor, shape)
    backwardData = purpose == .training ? try make(.backwardData, layout.backwardData.descriptor, shape) : nil
    let weights = purpose == .inference ? nil : try Self.weightGradient(shape, layout: layout, threads: threads, make)
    backwardWeights = weights?.primitive
    weightFrame = weights?.frame
    let weightScratch = (backwardWeights?.scratchByteCount ?? 0) + (weightFrame?.outerByteCount ?? 0)
    scratchByteCount =
      max(forward.scratchByteCount, backwardData?.scratchByteCount ?? 0, weightScratch) + scratchSlack
  }

  /// The weight gradient as asked, or with the padding made real where the library's result would be wrong or slow.
  private static func weightGradient(
    _ shape: conednn_convolution, layout: OneDNNWeightLayout, threads: Int,
    _ make: (OneDNNPrimitive.Direction, OneDNNDescriptor, conednn_convolution) throws -> OneDNNPinnedPrimitive
  ) throws -> (primitive: OneDNNPinnedPrimitive, frame: OneDNNFrame?) {
    let direct = try make(.backwardWeights, layout.master, shape)
    guard shape.hasUntouchedTaps || (direct.isSlow && shape.hasPadding) else { return (direct, nil) }
    let framed = try make(.backwardWeights, layout.master, shape.withoutPadding)
    guard shape.hasUntouchedTaps || !framed.isSlow else { return (direct, nil) }
    return (framed, shape.frame(threads: threads))
  }

  var implementation: String {
    [forward, backwardData, backwardWeights].compactMap { $0?.implementation }.joined(separator: " | ")
  }

  func forward(
    _ source: UnsafeRawPointer, _ weights: LayerWeights, into destination: UnsafeMutableRawPointer,
    scratch: UnsafeMutableRawPointer
  ) {
    forward.run(
      source: source, weights: layout.forward.pointer(weights), bias: weights.bias, destination: destination,
      scratch: scratch)
  }

  func backwardData(
    _ gradient: UnsafeRawPointer, _ weights: LayerWeights, into sourceGradient: UnsafeMutableRawPointer,
    scratch: UnsafeMutableRawPointer
  ) {
    guard let backwardData else { preconditionFailure("an operation made without source gradients") }
    backwardData.run(
      source: sourceGradient, weights: layout.backwardData.pointer(weights), destination: gradient, scratch: scratch)
  }

  func backwardWeights(
    _ source: UnsafeRawPointer, _ gradient: UnsafeRawPointer, into weightGradient: UnsafeMutablePointer<Float>,
    biasGradient: UnsafeMutablePointer<Float>?, scratch: UnsafeMutableRawPointer
  ) {
    guard let backwardWeights else { preconditionFailure("an operation made for inference") }
    guard let weightFrame else {
      backwardWeights.run(
        source: source, weights: weightGradient, bias: biasGradient, destination: gradient, scratch: scratch)
      return
    }
    weightFrame.embed(isTransposed ? gradient : source, into: scratch)
    backwardWeights.run(
      source: isTransposed ? source : UnsafeRawPointer(scratch), weights: weightGradient, bias: biasGradient,
      destination: isTransposed ? UnsafeRawPointer(scratch) : gradient, scratch: scratch + weightFrame.outerByteCount)
  }
}
