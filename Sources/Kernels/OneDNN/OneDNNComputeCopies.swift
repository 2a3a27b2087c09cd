import COneDNN

/// What a layer's multiplications read, made from the master weights after each update.
protocol ComputeCopies {
  var byteCount: Int { get }
  /// The work can be shared out in this many pieces, at least 1.
  var pieceCount: Int { get }
  /// Equal for two copies exactly when they are.
  var description: String { get }
  /// Does every multiplication read a copy, and is each number of the copies one weight rounded to bfloat16?
  var areRoundedWeights: Bool { get }
  /// Bytes from the start of the copies; nil: the master weights themselves.
  var forwardOffset: Int? { get }
  var backwardDataOffset: Int? { get }
  func make(from weights: UnsafePointer<Float>, into copies: UnsafeMutableRawPointer, pieces: Range<Int>)
}

/// Outputs that are copied together, and so the size of a piece: the blocks of the layouts.
let copiedTogether = 16

/// The weights in the layouts that the library reads, where those differ from the master's.
struct ReorderedWeights: ComputeCopies {
  let forward: OneDNNArrangement
  let backwardData: OneDNNArrangement
  let byteCount: Int
  let pieceCount: Int
  let description: String
  let forwardOffset: Int?
  let backwardDataOffset: Int?
  var areRoundedWeights: Bool { isBFloat16 && forwardOffset != nil && backwardDataOffset != nil }

  private struct Copy {
    let arrangement: OneDNNArrangement
    let byteOffset: Int
    let order: Int32
  }

  private let master: OneDNNArrangement
  private let masterOrder: Int32
  private let copies: [Copy]
  private let hasPadding: Bool
  private let isBFloat16: Bool
  private let threads: Int

  init(
    of master: OneDNNArrangement, forward: OneDNNArrangement, backwardData: OneDNNArrangement, isBFloat16: Bool,
    threads: Int
  ) {
    let outs = master.offsets.out.count
    let inputs = master.offsets.input.count
    func order(_ arrangement: OneDNNArrangement, isBFloat16: Bool) -> Int32 {
      arrangement.offsets.withPointers { conednn_order_of($0, Int64(outs), Int64(inputs), isBFloat16 ? 1 : 0) }
    }
    var byteOffset = 0
    var made: [Copy] = []
    func place(_ arrangement: OneDNNArrangement) -> Int? {
      if arrangement.description == master.description { return nil }
      if let same = made.first(where: { $0.arrangement.description == arrangement.description }) {
        return same.byteOffset
      }
      let offset = byteOffset
      made.append(
        Copy(arrangement: arrangement, byteOffset: offset, order: order(arrangement, isBFloat16: isBFloat16)))
      byteOffset += wholeCacheLines(arrangement.byteCount)
      return offset
    }
    forwardOffset = place(forward)
    backwardDataOffset = place(backwardData)
    self.forward = forward
    self.backwardData = backwardData
    self.master = master
    self.isBFloat16 = isBFloat16
    self.threads = threads
    masterOrder = order(master, isBFloat16: false)
    byteCount = byteOffset
    copies = made
    let plainByteCount = outs * inputs * master.offsets.spatial.count * (isBFloat16 ? 2 : 4)
    hasPadding = made.contains { $0.arrangement.byteCount != plainByteCount }
    // Padding is cleared before the copy, which only one rank may do.
    pieceCount = hasPadding || made.isEmpty ? 1 : (outs + copiedTogether - 1) / copiedTogether
    description = made.map(\.arrangement.description).joined(separator: "|")
  }

  func make(from weights: UnsafePointer<Float>, into prepared: UnsafeMutableRawPointer, pieces: Range<Int>) {
    guard !copies.isEmpty, !pieces.isEmpty else { return }
    if hasPadding { prepared.initializeMemory(as: UInt8.self, repeating: 0, count: byteCount) }
    let outs = master.offsets.out.count
    let first = hasPadding ? 0 : pieces.lowerBound * copiedTogether
    let end = hasPadding ? outs : min(outs, pieces.upperBound * copiedTogether)
    parallelRanges((end - first + copiedTogether - 1) / copiedTogether, grain: 1, threads: threads) { range in
      self.copyTiles(
        weights, into: prepared, first: first + range.lowerBound * copiedTogether,
        end: min(end, first + range.upperBound * copiedTogether))
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
              base: prepared + copy.byteOffset, offsets: offsets, order: copy.order, bfloat16: isBFloat16 ? 1 : 0)
          }
          conednn_reorder_weights(
            weights, from, masterOrder, Int64(first), Int64(end), Int64(master.offsets.input.count),
            Int64(master.offsets.spatial.count), targets, Int32(targets.count))
        }
      }
    }
  }
}

/// 3x3 weights transformed for Winograd filtering; the master is tiled.
struct WinogradCopies: ComputeCopies {
  let byteCount: Int
  let pieceCount: Int
  let description: String
  let forwardOffset: Int? = 0
  let backwardDataOffset: Int?
  /// The transform takes the float32 weights and rounds its results.
  let areRoundedWeights = false
  private let shape: conednn_winograd

  init(_ convolution: conednn_convolution, tile pixels: Int, threads: Int) {
    shape = conednn_winograd(convolution, tile: pixels, threads: threads)
    let oneByteCount = withUnsafePointer(to: shape) { Int(conednn_winograd_weight_size($0)) }
    backwardDataOffset = oneByteCount
    byteCount = 2 * oneByteCount
    pieceCount = Int(shape.outputs) / copiedTogether
    description = "winograd:\(pixels):\(shape.outputs)x\(shape.inputs)"
  }

  func make(from weights: UnsafePointer<Float>, into prepared: UnsafeMutableRawPointer, pieces: Range<Int>) {
    parallelRanges(pieces.count, grain: 1, threads: Int(shape.threads)) { range in
      withUnsafePointer(to: self.shape) {
        conednn_winograd_transform_weights(
          $0, weights, Int64((pieces.lowerBound + range.lowerBound) * copiedTogether),
          Int64((pieces.lowerBound + range.upperBound) * copiedTogether), prepared, prepared + self.byteCount / 2)
      }
    }
  }
}
