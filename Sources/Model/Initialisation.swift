import Basics
import Kernels

/// Gives every parameter its value before training: backbones He-normal weights (He et al. 2015: deviation
/// sqrt(2 / inputs of a unit)), score layers and biases zero, upsampling bilinear; the heads of Mask R-CNN small normal
/// numbers.
///
/// Each parameter has its own sequence of numbers, chosen by its name: a layer that two architectures share starts the
/// same in both. The bits depend on the seed alone, not on the backend, nor on how many threads and ranks share the
/// work.
package struct Initialisation {
  /// Rows of a weight's first dimension that one thread fills.
  private struct Piece {
    let weight: Parameter
    let layout: any WeightLayout
    let rows: Range<Int>
    let start: Layer.Start
  }

  /// As many as layouts keep together; their numbers begin at a multiple of what the generator makes at a time.
  private static let rowsOfPiece = 16

  private let pieces: [Piece]
  /// Vectors of frozen normalisations, and what they are filled with.
  private let constants: [(vector: Parameter, value: Float)]
  private let seed: UInt64

  /// - Parameters:
  ///   - table: the network's parameters.
  ///   - configuration: of that network.
  package init(_ table: ParameterTable, configuration: ModelConfiguration, seed: UInt64) {
    self.seed = seed
    let layers = GraphBuilder.graph(for: configuration).layers
    constants = layers.compactMap(\.normalization).flatMap { normalization in
      normalization.vectors.compactMap { name, start in table["\(normalization.name)/\(name)"].map { ($0, start) } }
    }
    pieces = layers.flatMap { layer -> [Piece] in
      guard layer.start != .zero, let weight = table[layer.name + "/weight"], let layout = weight.layout else {
        return []
      }
      let rowCount = weight.canonicalShape[0]
      let step = layout.importsByRows ? Self.rowsOfPiece : rowCount
      return stride(from: 0, to: rowCount, by: step).map {
        Piece(weight: weight, layout: layout, rows: $0..<min(rowCount, $0 + step), start: layer.start)
      }
    }
  }

  /// Does one of `shareCount` shares of the work, so that the ranks of a machine can do it together.
  ///
  /// - Parameter master: `ParameterTable.floatCount` floats, all zero before the first share is done.
  package func run(share: Int = 0, of shareCount: Int = 1, into master: UnsafeMutablePointer<Float>, pool: WorkerPool) {
    if share == 0 {
      for (vector, value) in constants {
        (master + vector.range.lowerBound).update(repeating: value, count: vector.range.count)
      }
    }
    // Every so manieth: large layers consist of many pieces.
    let own = stride(from: share, to: pieces.count, by: shareCount).map { pieces[$0] }
    let largest = own.map { $0.rows.count * Self.valuesPerRow($0.weight) }.max() ?? 0
    let buffer = UnsafeMutableBufferPointer<Float>.allocate(capacity: largest * pool.threadCount)
    defer { buffer.deallocate() }
    pool.run(own.count) { index, worker in
      let piece = own[index]
      let first = worker * largest
      let values = UnsafeMutableBufferPointer(
        rebasing: buffer[first..<first + piece.rows.count * Self.valuesPerRow(piece.weight)])
      fill(values, piece)
      guard let base = values.baseAddress else { return }
      piece.layout.importRows(piece.rows, base, into: master + piece.weight.range.lowerBound)
    }
  }

  private func fill(_ values: UnsafeMutableBufferPointer<Float>, _ piece: Piece) {
    let weight = piece.weight
    if piece.start == .bilinear {
      BilinearKernel.fill(
        values, inputs: piece.rows, size: weight.canonicalShape[2], channels: weight.canonicalShape[1])
      return
    }
    let stream = UInt64(CRC32C.checksum(Array(weight.name.utf8)))
    NormalNumbers.fill(
      values, startingAt: piece.rows.lowerBound * Self.valuesPerRow(weight),
      from: Philox(seed: seed, purpose: .initialisation, stream: stream),
      deviation: Self.deviation(piece))
  }

  private static func deviation(_ piece: Piece) -> Float {
    let inputs = Float(valuesPerRow(piece.weight))
    return switch piece.start {
    case .normal(let deviation): deviation
    case .lecunNormal: (1 / inputs).squareRoot()
    case .heNormal, .zero, .bilinear: (2 / inputs).squareRoot()
    }
  }

  private static func valuesPerRow(_ weight: Parameter) -> Int { weight.canonicalShape.dropFirst().reduce(1, *) }
}
