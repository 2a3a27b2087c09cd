import Basics
import COneDNN

/// One layer's weights as oneDNN wants them: the master (and momentum and gradient) in the layout of the weight
/// gradient, and copies in the layouts that forward and backward-data read, where those differ.
///
/// Chosen by the library for one reference shape and then fixed for all others.
final class OneDNNWeightLayout: WeightLayout {
  /// A layout that an operation reads: the master itself, or a copy in the prepared bytes.
  struct Copy {
    let arrangement: OneDNNArrangement
    /// Bytes from the start of the prepared bytes; nil: the master.
    let byteOffset: Int?
    let order: Int32

    func pointer(_ weights: LayerWeights) -> UnsafeRawPointer {
      guard let byteOffset else { return UnsafeRawPointer(weights.master) }
      return weights.prepared + byteOffset
    }
  }

  let form: OneDNNForm
  let canonicalCount: Int
  let count: Int
  let preparedByteCount: Int
  let fingerprint: String
  let preparationPieces: Int
  let preparationScratchByteCount = 0
  let master: OneDNNArrangement
  let forward: Copy
  let backwardData: Copy

  private let threads: Int
  private let canonicalOffsets: OneDNNOffsets
  private let masterOrder: Int32
  private let isBFloat16: Bool
  private let copies: [Copy]
  private let hasPadding: Bool
  private var outCount: Int { master.offsets.out.count }
  private var inputCount: Int { master.offsets.input.count }
  private var tapCount: Int { master.offsets.spatial.count }

  /// Outputs that are re-laid out together, and so the size of a piece.
  private static let tile = 16

  /// - Parameters:
  ///   - isTransposed: canonical order [in, out, kernel, kernel] (a deconvolution's) instead of [out, in, …].
  init(
    form: OneDNNForm, master: OneDNNArrangement, forward: OneDNNArrangement, backwardData: OneDNNArrangement,
    isTransposed: Bool, isBFloat16: Bool, threads: Int
  ) {
    let outs = master.offsets.out.count
    let inputs = master.offsets.input.count
    let taps = master.offsets.spatial.count
    func order(_ arrangement: OneDNNArrangement, isBFloat16: Bool) -> Int32 {
      arrangement.offsets.withPointers { conednn_order_of($0, Int64(outs), Int64(inputs), isBFloat16 ? 1 : 0) }
    }
    var byteOffset = 0
    var made: [Copy] = []
    func place(_ arrangement: OneDNNArrangement) -> Copy {
      if let same = made.first(where: { $0.arrangement.description == arrangement.description }) { return same }
      if arrangement.description == master.description {
        return Copy(arrangement: arrangement, byteOffset: nil, order: Int32(CONEDNN_ANY_ORDER))
      }
      let copy = Copy(
        arrangement: arrangement, byteOffset: byteOffset, order: order(arrangement, isBFloat16: isBFloat16))
      byteOffset += (arrangement.byteCount + 63) / 64 * 64
      made.append(copy)
      return copy
    }
    self.forward = place(forward)
    self.backwardData = place(backwardData)
    self.form = form
    self.master = master
    self.threads = threads
    self.isBFloat16 = isBFloat16
    canonicalCount = outs * inputs * taps
    count = master.byteCount / 4
    preparedByteCount = byteOffset
    copies = made
    let elementSize = isBFloat16 ? 2 : 4
    hasPadding = made.contains { $0.arrangement.byteCount != outs * inputs * taps * elementSize }
    // Padding is cleared before the copy, which only one rank may do.
    preparationPieces = hasPadding || made.isEmpty ? 1 : (outs + Self.tile - 1) / Self.tile
    masterOrder = order(master, isBFloat16: false)
    canonicalOffsets = .canonical(outs: outs, inputs: inputs, taps: taps, isTransposed: isTransposed)
    fingerprint = ([master.description] + made.map(\.arrangement.description)).joined(separator: "|")
  }

  func importCanonical(_ canonical: UnsafePointer<Float>, into weights: UnsafeMutablePointer<Float>) {
    weights.update(repeating: 0, count: count)
    move(from: canonical, canonicalOffsets, to: weights, master.offsets)
  }

  func exportCanonical(_ weights: UnsafePointer<Float>, into canonical: UnsafeMutablePointer<Float>) {
    move(from: weights, master.offsets, to: canonical, canonicalOffsets)
  }

  /// On the calling thread alone, so that checkpoints can be written beside training.
  private func move(
    from source: UnsafePointer<Float>, _ sourceOffsets: OneDNNOffsets, to destination: UnsafeMutablePointer<Float>,
    _ destinationOffsets: OneDNNOffsets
  ) {
    sourceOffsets.withPointers { from in
      destinationOffsets.withPointers { to in
        conednn_move_weights(
          source, from, destination, to, Int64(outCount), Int64(inputCount), Int64(tapCount))
      }
    }
  }

  func prepare(
    _ weights: UnsafePointer<Float>, into prepared: UnsafeMutableRawPointer, pieces: Range<Int>,
    scratch: UnsafeMutableRawPointer
  ) {
    guard !copies.isEmpty, !pieces.isEmpty else { return }
    if hasPadding { prepared.initializeMemory(as: UInt8.self, repeating: 0, count: preparedByteCount) }
    let first = hasPadding ? 0 : pieces.lowerBound * Self.tile
    let end = hasPadding ? outCount : min(outCount, pieces.upperBound * Self.tile)
    let tiles = (end - first + Self.tile - 1) / Self.tile
    parallelRanges(tiles, grain: 1, threads: threads) { range in
      self.copyTiles(
        weights, into: prepared, first: first + range.lowerBound * Self.tile,
        end: min(end, first + range.upperBound * Self.tile))
    }
  }

  private func copyTiles(
    _ weights: UnsafePointer<Float>, into prepared: UnsafeMutableRawPointer, first: Int, end: Int
  ) {
    master.offsets.withPointers { from in
      copies[0].arrangement.offsets.withPointers { firstOffsets in
        copies[copies.count - 1].arrangement.offsets.withPointers { lastOffsets in
          let offsets = copies.count == 1 ? [firstOffsets] : [firstOffsets, lastOffsets]
          let targets = zip(copies, offsets).map { copy, offsets in
            conednn_copy(
              base: prepared + (copy.byteOffset ?? 0), offsets: offsets, order: copy.order,
              bfloat16: isBFloat16 ? 1 : 0)
          }
          conednn_relayout(
            weights, from, masterOrder, Int64(first), Int64(end), Int64(inputCount), Int64(tapCount), targets,
            Int32(targets.count))
        }
      }
    }
  }
}
