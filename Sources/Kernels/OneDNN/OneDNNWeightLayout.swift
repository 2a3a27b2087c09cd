import Basics
import COneDNN

/// One layer's weights as its operations want them: the master (and momentum and gradient) in the layout of the weight
/// gradient, and copies for the multiplications.
///
/// Chosen for one reference shape and then fixed for all others.
final class OneDNNWeightLayout: WeightLayout {
  let form: OneDNNForm
  let master: OneDNNArrangement
  private let copies: any ComputeCopies
  private let canonicalOffsets: OneDNNOffsets
  private let isTransposed: Bool
  private let threads: Int

  /// - Parameter isTransposed: canonical order [in, out, kernel, kernel] (a deconvolution's) instead of [out, in, …].
  init(form: OneDNNForm, master: OneDNNArrangement, copies: any ComputeCopies, isTransposed: Bool, threads: Int) {
    self.form = form
    self.master = master
    self.copies = copies
    self.isTransposed = isTransposed
    self.threads = threads
    canonicalOffsets = .canonical(
      outs: master.offsets.out.count, inputs: master.offsets.input.count, taps: master.offsets.spatial.count,
      isTransposed: isTransposed)
  }

  var canonicalCount: Int { master.offsets.out.count * master.offsets.input.count * master.offsets.spatial.count }
  var count: Int { master.byteCount / 4 }
  var preparedByteCount: Int { copies.byteCount }
  var readsBFloat16Only: Bool { copies.areRoundedWeights }
  var fingerprint: String { master.description + "|" + copies.description }
  var preparationPieces: Int { copies.pieceCount }
  var preparationScratchByteCount: Int { 0 }

  /// The library's descriptions of what forward and backward-data read.
  func forwardDescriptor() throws -> OneDNNDescriptor { try reordered().forward.libraryDescriptor() }
  func backwardDataDescriptor() throws -> OneDNNDescriptor { try reordered().backwardData.libraryDescriptor() }

  private func reordered() throws -> ReorderedWeights {
    guard let copies = copies as? ReorderedWeights else {
      throw Failure(.internalError, "a layout that oneDNN does not know (\(fingerprint))")
    }
    return copies
  }

  func forwardWeights(_ weights: LayerWeights) -> UnsafeRawPointer { pointer(copies.forwardOffset, weights) }
  func backwardDataWeights(_ weights: LayerWeights) -> UnsafeRawPointer { pointer(copies.backwardDataOffset, weights) }

  private func pointer(_ byteOffset: Int?, _ weights: LayerWeights) -> UnsafeRawPointer {
    byteOffset.map { weights.prepared + $0 } ?? UnsafeRawPointer(weights.master)
  }

  /// Outputs, or inputs of a deconvolution: what the canonical order counts first.
  private var rowCount: Int { isTransposed ? master.offsets.input.count : master.offsets.out.count }

  func importCanonical(_ canonical: UnsafePointer<Float>, into weights: UnsafeMutablePointer<Float>) {
    weights.update(repeating: 0, count: count)
    importRows(0..<rowCount, canonical, into: weights)
  }

  func importRows(
    _ rows: Range<Int>, _ canonical: UnsafePointer<Float>, into weights: UnsafeMutablePointer<Float>
  ) {
    canonicalOffsets.withPointers { from in
      master.offsets.withPointers { to in
        move(from: canonical, from, to: weights, skipping(rows.lowerBound, to), rowCount: rows.count)
      }
    }
  }

  func exportCanonical(_ weights: UnsafePointer<Float>, into canonical: UnsafeMutablePointer<Float>) {
    master.offsets.withPointers { from in
      canonicalOffsets.withPointers { to in move(from: weights, from, to: canonical, to, rowCount: rowCount) }
    }
  }

  /// The offsets of the rows from `row` on.
  private func skipping(_ row: Int, _ offsets: conednn_offsets) -> conednn_offsets {
    var offsets = offsets
    if isTransposed { offsets.in += row } else { offsets.out += row }
    return offsets
  }

  /// On the calling thread alone, so that checkpoints can be written beside training.
  private func move(
    from source: UnsafePointer<Float>, _ from: conednn_offsets, to destination: UnsafeMutablePointer<Float>,
    _ to: conednn_offsets, rowCount: Int
  ) {
    conednn_move_weights(
      source, from, destination, to, Int64(isTransposed ? master.offsets.out.count : rowCount),
      Int64(isTransposed ? rowCount : master.offsets.input.count), Int64(master.offsets.spatial.count))
  }

  func outputs(ofPieces pieces: Range<Int>) -> Range<Int> {
    let count = master.offsets.out.count
    // All together, or as many as the copies take at a time.
    return copies.pieceCount == 1
      ? 0..<count
      : min(count, pieces.lowerBound * copiedTogether)..<min(count, pieces.upperBound * copiedTogether)
  }

  func scale(
    _ weights: UnsafePointer<Float>, by factors: UnsafePointer<Float>, outputs: Range<Int>,
    into result: UnsafeMutablePointer<Float>
  ) {
    precondition(!isTransposed)
    let blocks = (outputs.count + copiedTogether - 1) / copiedTogether
    parallelRanges(blocks, grain: 1, threads: threads) { range in
      self.master.offsets.withPointers {
        conednn_scale_weights(
          weights, $0, factors, Int64(outputs.lowerBound + range.lowerBound * copiedTogether),
          Int64(min(outputs.upperBound, outputs.lowerBound + range.upperBound * copiedTogether)),
          Int64(self.master.offsets.input.count), Int64(self.master.offsets.spatial.count), result)
      }
    }
  }

  func prepare(
    _ weights: UnsafePointer<Float>, into prepared: UnsafeMutableRawPointer, pieces: Range<Int>,
    scratch: UnsafeMutableRawPointer
  ) {
    copies.make(from: weights, into: prepared, pieces: pieces)
  }
}
