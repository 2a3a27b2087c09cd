import Basics
import COneDNN

/// A primitive whose weights are in the layer's fixed layout, whatever the library would like for this shape: where
/// it has only a slow kernel for that layout, the fast one with a reorder around it.
struct OneDNNPinnedPrimitive {
  private let primitive: OneDNNPrimitive
  private let reorder: OneDNNPrimitive?
  private let direction: OneDNNPrimitive.Direction
  private let reorderedByteCount: Int
  let scratchByteCount: Int

  /// - Parameter fixed: the layer's layout for this direction.
  init(
    _ shape: conednn_convolution, _ direction: OneDNNPrimitive.Direction, fixed: OneDNNDescriptor, threads: Int
  ) throws {
    func make(_ weights: OneDNNDescriptor?) throws -> OneDNNPrimitive {
      try OneDNNPrimitive.convolution(shape, direction, threads: threads, weights: weights)
    }
    self.direction = direction
    let pinned = try? make(fixed)
    if let pinned, !pinned.isSlow {
      (primitive, reorder, reorderedByteCount) = (pinned, nil, 0)
    } else {
      let free = try make(nil)
      if let pinned, free.isSlow {
        (primitive, reorder, reorderedByteCount) = (pinned, nil, 0)
      } else {
        let own = try free.weightsDescriptor()
        primitive = free
        reorder =
          direction == .backwardWeights
          ? try .reorder(from: own, to: fixed, threads: threads) : try .reorder(from: fixed, to: own, threads: threads)
        reorderedByteCount = wholeCacheLines(own.byteCount)
      }
    }
    scratchByteCount =
      reorderedByteCount + wholeCacheLines(primitive.scratchByteCount) + wholeCacheLines(reorder?.scratchByteCount ?? 0)
  }

  var implementation: String { primitive.implementation + (reorder == nil ? "" : "+reorder") }
  var isSlow: Bool { primitive.isSlow }

  func run(
    source: UnsafeRawPointer, weights: UnsafeRawPointer, bias: UnsafeRawPointer? = nil, destination: UnsafeRawPointer,
    scratch: UnsafeMutableRawPointer
  ) {
    guard let reorder else {
      primitive.run(source: source, weights: weights, bias: bias, destination: destination, scratch: scratch)
      return
    }
    let own = scratch
    let ownScratch = scratch + reorderedByteCount
    let reorderScratch = ownScratch + wholeCacheLines(primitive.scratchByteCount)
    if direction != .backwardWeights {
      reorder.run(source: weights, weights: nil, destination: own, scratch: reorderScratch)
    }
    primitive.run(source: source, weights: own, bias: bias, destination: destination, scratch: ownScratch)
    if direction == .backwardWeights {
      reorder.run(source: own, weights: nil, destination: weights, scratch: reorderScratch)
    }
  }
}
