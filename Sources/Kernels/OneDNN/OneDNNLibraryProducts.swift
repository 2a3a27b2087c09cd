import Basics
import COneDNN

/// A product that is one primitive of the library.
protocol LibraryProduct: LayerProduct {
  var primitive: OneDNNPinnedPrimitive { get }
}

extension LibraryProduct {
  var scratchByteCount: Int { primitive.scratchByteCount }
  var implementation: String { primitive.implementation }
}

/// The library's own forward pass.
struct LibraryForward: LibraryProduct, ForwardProduct {
  let primitive: OneDNNPinnedPrimitive

  init(_ shape: conednn_convolution, _ layout: OneDNNWeightLayout, threads: Int) throws {
    primitive = try OneDNNPinnedPrimitive(shape, .forward, fixed: layout.forwardDescriptor(), threads: threads)
  }

  func run(
    _ source: UnsafeRawPointer, weights: UnsafeRawPointer, bias: UnsafePointer<Float>?,
    into destination: UnsafeMutableRawPointer, scratch: UnsafeMutableRawPointer
  ) {
    primitive.run(source: source, weights: weights, bias: bias, destination: destination, scratch: scratch)
  }
}

/// The library's own backward-data.
struct LibrarySourceGradient: LibraryProduct, SourceGradient {
  let primitive: OneDNNPinnedPrimitive

  init(_ shape: conednn_convolution, _ layout: OneDNNWeightLayout, threads: Int) throws {
    primitive = try OneDNNPinnedPrimitive(
      shape, .backwardData, fixed: layout.backwardDataDescriptor(), threads: threads)
  }

  func run(
    _ gradient: UnsafeRawPointer, weights: UnsafeRawPointer, into sourceGradient: UnsafeMutableRawPointer,
    scratch: UnsafeMutableRawPointer
  ) {
    primitive.run(source: sourceGradient, weights: weights, destination: gradient, scratch: scratch)
  }
}

/// The library's own backward-weights, with the padding made real where its result would be wrong or slow.
struct LibraryWeightGradient: WeightGradient {
  private let primitive: OneDNNPinnedPrimitive
  private let frame: OneDNNFrame?
  private let isTransposed: Bool

  init(_ shape: conednn_convolution, _ layout: OneDNNWeightLayout, threads: Int) throws {
    func make(_ shape: conednn_convolution) throws -> OneDNNPinnedPrimitive {
      try OneDNNPinnedPrimitive(shape, .backwardWeights, fixed: layout.master.libraryDescriptor(), threads: threads)
    }
    isTransposed = shape.transposed != 0
    let direct = try make(shape)
    guard shape.hasUntouchedTaps || (direct.isSlow && shape.hasPadding) else {
      (primitive, frame) = (direct, nil)
      return
    }
    let framed = try make(shape.withoutPadding)
    let isBetter = shape.hasUntouchedTaps || !framed.isSlow
    (primitive, frame) = isBetter ? (framed, shape.frame(threads: threads)) : (direct, nil)
  }

  var scratchByteCount: Int { primitive.scratchByteCount + (frame?.outerByteCount ?? 0) }
  var implementation: String { primitive.implementation + (frame == nil ? "" : "+frame") }

  func run(
    _ source: UnsafeRawPointer, _ gradient: UnsafeRawPointer, into weightGradient: UnsafeMutablePointer<Float>,
    biasGradient: UnsafeMutablePointer<Float>?, scratch: UnsafeMutableRawPointer
  ) {
    guard let frame else {
      primitive.run(
        source: source, weights: weightGradient, bias: biasGradient, destination: gradient, scratch: scratch)
      return
    }
    frame.embed(isTransposed ? gradient : source, into: scratch)
    primitive.run(
      source: isTransposed ? source : UnsafeRawPointer(scratch), weights: weightGradient, bias: biasGradient,
      destination: isTransposed ? UnsafeRawPointer(scratch) : gradient, scratch: scratch + frame.outerByteCount)
  }
}
