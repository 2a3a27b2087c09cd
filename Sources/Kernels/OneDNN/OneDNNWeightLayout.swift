import Basics
import COneDNN

/// One layer's weights as oneDNN wants them: the master (and momentum and gradient) in the layout of the weight
/// gradient, and copies in the layouts that forward and backward-data read, where those differ.
///
/// Chosen by the library for one reference shape and then fixed for all others.
final class OneDNNWeightLayout: WeightLayout {
  /// A layout that an operation reads: the master itself, or a copy in the prepared bytes.
  struct Copy {
    let descriptor: OneDNNDescriptor
    let offsets: OneDNNOffsets
    /// Bytes from the start of the prepared bytes; nil: the master.
    let byteOffset: Int?
    let order: Int32

    func pointer(_ weights: LayerWeights) -> UnsafeRawPointer {
      guard let byteOffset else { return UnsafeRawPointer(weights.master) }
      return weights.prepared + byteOffset
    }
  }

  let canonicalCount: Int
  let count: Int
  let preparedByteCount: Int
  let fingerprint: String
  let preparationPieces: Int
  let preparationScratchByteCount = 0
  let master: OneDNNDescriptor
  let forward: Copy
  let backwardData: Copy

  private let threads: Int
  private let canonicalOffsets: OneDNNOffsets
  private let masterOffsets: OneDNNOffsets
  private let isMasterTiled: Bool
  private let isBFloat16: Bool
  private let copies: [Copy]
  private let hasPadding: Bool
  private var outCount: Int { masterOffsets.out.count }

  /// Outputs that are re-laid out together, and so the size of a piece.
  private static let tile = 16

  /// - Parameters:
  ///   - isTransposed: canonical order [in, out, kernel, kernel] (a deconvolution's) instead of [out, in, …].
  init(
    master: OneDNNDescriptor, forward: OneDNNDescriptor, backwardData: OneDNNDescriptor, isTransposed: Bool,
    isBFloat16: Bool, threads: Int
  ) throws {
    let masterBlocking = try master.blocking()
    let masterOffsets = OneDNNOffsets(masterBlocking)
    let outs = masterOffsets.out.count
    let ins = masterOffsets.input.count
    let taps = masterOffsets.spatial.count
    var byteOffset = 0
    var made: [Copy] = []
    func place(_ descriptor: OneDNNDescriptor) throws -> Copy {
      if let same = made.first(where: { $0.descriptor == descriptor }) { return same }
      let offsets = OneDNNOffsets(try descriptor.blocking())
      if descriptor == master {
        return Copy(descriptor: descriptor, offsets: offsets, byteOffset: nil, order: Int32(CONEDNN_ANY_ORDER))
      }
      let order = offsets.withPointers { conednn_order_of($0, Int64(outs), Int64(ins), isBFloat16 ? 1 : 0) }
      let copy = Copy(descriptor: descriptor, offsets: offsets, byteOffset: byteOffset, order: order)
      byteOffset += (descriptor.byteCount + 63) / 64 * 64
      made.append(copy)
      return copy
    }
    self.forward = try place(forward)
    self.backwardData = try place(backwardData)
    self.master = master
    self.threads = threads
    self.masterOffsets = masterOffsets
    self.isBFloat16 = isBFloat16
    canonicalCount = outs * ins * taps
    count = master.byteCount / 4
    preparedByteCount = byteOffset
    copies = made
    let elementSize = isBFloat16 ? 2 : 4
    hasPadding = made.contains { $0.descriptor.byteCount != outs * ins * taps * elementSize }
    // Padding is cleared before the copy, which only one rank may do.
    preparationPieces = hasPadding || made.isEmpty ? 1 : (outs + Self.tile - 1) / Self.tile
    isMasterTiled = Self.isTiled(masterOffsets)
    canonicalOffsets = Self.canonical(outs: outs, ins: ins, taps: taps, isTransposed: isTransposed)
    fingerprint = ([masterBlocking] + (try made.map { try $0.descriptor.blocking() })).map(Self.describe)
      .joined(separator: "|")
  }

  /// Whether every whole 16 x 16 tile is 256 neighbours, 16 outputs for each input.
  private static func isTiled(_ offsets: OneDNNOffsets) -> Bool {
    func advances(_ values: [Int64], by step: Int64) -> Bool {
      values.indices.allSatisfy { $0 % tile == 0 || values[$0] == values[$0 - 1] + step }
    }
    return advances(offsets.out, by: 1) && advances(offsets.input, by: Int64(tile))
  }

  private static func canonical(outs: Int, ins: Int, taps: Int, isTransposed: Bool) -> OneDNNOffsets {
    let outStep = isTransposed ? taps : ins * taps
    let inStep = isTransposed ? outs * taps : taps
    return OneDNNOffsets(
      out: (0..<outs).map { Int64($0 * outStep) }, input: (0..<ins).map { Int64($0 * inStep) },
      spatial: (0..<taps).map(Int64.init))
  }

  private static func describe(_ blocking: conednn_blocking) -> String {
    let sizes = withUnsafeBytes(of: blocking.block_sizes) { Array($0.bindMemory(to: Int32.self)) }
    let owners = withUnsafeBytes(of: blocking.block_dimensions) { Array($0.bindMemory(to: Int32.self)) }
    let strides = withUnsafeBytes(of: blocking.strides) { Array($0.bindMemory(to: Int64.self)) }
    let padded = withUnsafeBytes(of: blocking.padded) { Array($0.bindMemory(to: Int64.self)) }
    let dimensions = Int(blocking.dimension_count)
    let blocks = (0..<Int(blocking.block_count)).map { "\(sizes[$0])\(["a", "b", "c", "d"][Int(owners[$0])])" }
    return padded.prefix(dimensions).map(String.init).joined(separator: "x") + "/"
      + strides.prefix(dimensions).map(String.init).joined(separator: ",") + "/" + blocks.joined()
      + (blocking.element_size == 2 ? "bf16" : "f32")
  }

  func importCanonical(_ canonical: UnsafePointer<Float>, into weights: UnsafeMutablePointer<Float>) {
    weights.update(repeating: 0, count: count)
    move(from: canonical, canonicalOffsets, to: weights, masterOffsets)
  }

  func exportCanonical(_ weights: UnsafePointer<Float>, into canonical: UnsafeMutablePointer<Float>) {
    move(from: weights, masterOffsets, to: canonical, canonicalOffsets)
  }

  /// On the calling thread alone, so that checkpoints can be written beside training.
  private func move(
    from source: UnsafePointer<Float>, _ sourceOffsets: OneDNNOffsets, to destination: UnsafeMutablePointer<Float>,
    _ destinationOffsets: OneDNNOffsets
  ) {
    sourceOffsets.withPointers { from in
      destinationOffsets.withPointers { to in
        conednn_move_weights(
          source, from, destination, to, Int64(outCount), Int64(masterOffsets.input.count),
          Int64(masterOffsets.spatial.count))
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
    masterOffsets.withPointers { master in
      copies[0].offsets.withPointers { first0 in
        copies[copies.count - 1].offsets.withPointers { last0 in
          let offsets = copies.count == 1 ? [first0] : [first0, last0]
          let targets = zip(copies, offsets).map { copy, offsets in
            conednn_copy(
              base: prepared + (copy.byteOffset ?? 0), offsets: offsets, order: copy.order,
              bfloat16: isBFloat16 ? 1 : 0)
          }
          conednn_relayout(
            weights, master, isMasterTiled ? 1 : 0, Int64(first), Int64(end), Int64(masterOffsets.input.count),
            Int64(masterOffsets.spatial.count), targets, Int32(targets.count))
        }
      }
    }
  }
}
