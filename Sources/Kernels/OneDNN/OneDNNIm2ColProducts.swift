import Basics
import COneDNN
import CVector

extension conednn_product {
  /// [one image's destination pixels, outputs] x [outputs, taps * inputs], in float32 out.
  static func sourceGradient(_ shape: conednn_convolution) -> conednn_product {
    var product = conednn_product()
    product.rows = shape.destination_height * shape.destination_width
    product.inner = shape.destination_channels
    product.columns = shape.kernel * shape.kernel * shape.source_channels
    product.weights_chosen = 1
    product.bfloat16 = shape.bfloat16
    product.float_destination = 1
    return product
  }

  /// [outputs, all destination pixels] x [all destination pixels, taps * inputs], in float32 out.
  static func weightGradient(_ shape: conednn_convolution) -> conednn_product {
    var product = conednn_product()
    product.rows = shape.destination_channels
    product.inner = shape.images * shape.destination_height * shape.destination_width
    product.columns = shape.kernel * shape.kernel * shape.source_channels
    product.source_transposed = 1
    product.bfloat16 = shape.bfloat16
    product.float_destination = 1
    return product
  }
}

/// Backward-data as a matrix product per image (so that its bits do not depend on the batch), then a gather.
struct Im2ColSourceGradient: SourceGradient {
  private let unrolling: OneDNNIm2Col
  private let product: OneDNNPrimitive
  private let rowsByteCount: Int
  private let sumsByteCount: Int

  init(_ shape: conednn_convolution, _ layout: OneDNNWeightLayout, threads: Int) throws {
    unrolling = OneDNNIm2Col(shape, threads: threads)
    product = try OneDNNPrimitive.product(
      .sourceGradient(shape), threads: threads, weights: layout.backwardDataDescriptor())
    let destination = unrolling.destination
    let source = unrolling.source
    rowsByteCount = wholeCacheLines(destination.height * destination.width * unrolling.rowCount * 4)
    sumsByteCount = unrolling.isBFloat16 ? wholeCacheLines(source.height * source.width * source.channels * 4) : 0
  }

  var scratchByteCount: Int { rowsByteCount + sumsByteCount + product.scratchByteCount }
  var implementation: String { "unrolled " + product.implementation }

  func run(
    _ gradient: UnsafeRawPointer, weights: UnsafeRawPointer, into sourceGradient: UnsafeMutableRawPointer,
    scratch: UnsafeMutableRawPointer
  ) {
    let elementSize = unrolling.isBFloat16 ? 2 : 4
    let rows = scratch.assumingMemoryBound(to: Float.self)
    let sums = (scratch + rowsByteCount).assumingMemoryBound(to: Float.self)
    for image in 0..<unrolling.source.images {
      let destinationCount = unrolling.destination.count / unrolling.destination.images
      let sourceCount = unrolling.source.count / unrolling.source.images
      product.run(
        source: gradient + image * destinationCount * elementSize, weights: weights, destination: rows,
        scratch: scratch + rowsByteCount + sumsByteCount)
      unrolling.gather(rows, into: sourceGradient + image * sourceCount * elementSize, sums: sums)
    }
  }
}

/// Backward-weights as one matrix product with the unrolled source. The layout is [out, taps, in].
struct Im2ColWeightGradient: WeightGradient {
  private let unrolling: OneDNNIm2Col
  private let product: OneDNNPrimitive
  private let rowsByteCount: Int

  init(_ shape: conednn_convolution, _ layout: OneDNNWeightLayout, threads: Int) throws {
    unrolling = OneDNNIm2Col(shape, threads: threads)
    product = try OneDNNPrimitive.product(.weightGradient(shape), threads: threads, weights: nil)
    rowsByteCount = wholeCacheLines(
      unrolling.destination.pixelCount * unrolling.rowCount * (unrolling.isBFloat16 ? 2 : 4))
  }

  var scratchByteCount: Int { rowsByteCount + product.scratchByteCount }
  var implementation: String { "unrolled " + product.implementation }

  func run(
    _ source: UnsafeRawPointer, _ gradient: UnsafeRawPointer, into weightGradient: UnsafeMutablePointer<Float>,
    biasGradient: UnsafeMutablePointer<Float>?, scratch: UnsafeMutableRawPointer
  ) {
    unrolling.unroll(source, into: scratch)
    product.run(source: gradient, weights: scratch, destination: weightGradient, scratch: scratch + rowsByteCount)
    if let biasGradient { sumColumns(gradient, into: biasGradient) }
  }

  private func sumColumns(_ gradient: UnsafeRawPointer, into sums: UnsafeMutablePointer<Float>) {
    let rows = unrolling.destination.pixelCount
    let channels = unrolling.destination.channels
    parallelRanges(channels, grain: 256, threads: unrolling.threads) { range in
      let first = range.lowerBound
      if self.unrolling.isBFloat16 {
        cvector_column_sums_bfloat16(
          gradient.assumingMemoryBound(to: UInt16.self) + first, rows, channels, range.count, sums + first)
      } else {
        cvector_column_sums_float32(
          gradient.assumingMemoryBound(to: Float.self) + first, rows, channels, range.count, sums + first)
      }
    }
  }
}
