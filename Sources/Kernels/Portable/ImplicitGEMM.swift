import Basics

/// Pixels that one tile of a product holds. Two rows of a panel are eight sums of four lanes: with the panel's weights
/// they just fit the sixteen vector registers of plain x86-64.
let tileRows = 2

/// Destination pixels on a grid, each of which is the sum over `taps` of a source pixel's channels times that tap's
/// weights. Source pixels outside the source count as zero.
///
/// Destination pixel (i, j) of the grid is at (firstRow + i * destinationStep, firstColumn + j * destinationStep); its
/// source pixel for a tap at (tap.row + i * sourceStep, tap.column + j * sourceStep).
struct GatherGrid {
  struct Tap {
    var row: Int
    var column: Int
    /// Which of the weight panel's slabs belongs to it.
    var slab: Int
  }
  var rows: Int
  var columns: Int
  var firstRow = 0
  var firstColumn = 0
  var destinationStep = 1
  var sourceStep = 1
  var taps: [Tap]
}

/// What happens to the sums on their way into the destination.
struct GatherOutput {
  var bias: UnsafePointer<Float>?
  var isAccumulating = false
  var isRectified = false
  var isRounded = false
}

/// Convolutions of all kinds as products of gathered pixels and weight panels, without a copy of the pixels: the tile
/// multiplication reads them through pointers. Every destination element is summed in one order, whatever the thread
/// count.
final class ImplicitGEMM {
  let source: ActivationShape
  let destination: ActivationShape
  private let grids: [GatherGrid]
  private let blocks: [[Block]]
  private let slabsPerPanel: Int
  private let pool: WorkerPool
  private let zeros: MemoryRegion

  /// Pixels that one work item gathers at a time; a multiple of `tileRows`.
  private static let chunkPixels = 96
  /// Products that one pass over a panel sums, so that the panel stays in the first-level cache.
  private static let blockDepth = 512
  private static let maximumBlockTaps = 64

  /// A part of the sum: some taps, and some channels of each.
  private struct Block {
    var taps: Range<Int>
    var channels: Range<Int>
  }

  init(
    source: ActivationShape, destination: ActivationShape, grids: [GatherGrid], slabsPerPanel: Int, pool: WorkerPool
  ) throws {
    self.source = source
    self.destination = destination
    self.grids = grids
    self.slabsPerPanel = slabsPerPanel
    self.pool = pool
    zeros = try MemoryRegion(byteCount: source.channels * 4)
    blocks = grids.map { Self.blocks(taps: $0.taps.count, channels: source.channels) }
  }

  private static func blocks(taps: Int, channels: Int) -> [Block] {
    let channelStep = min(channels, blockDepth)
    let tapStep = channels > blockDepth ? 1 : min(maximumBlockTaps, blockDepth / channels)
    var result: [Block] = []
    for tap in stride(from: 0, to: taps, by: tapStep) {
      for channel in stride(from: 0, to: channels, by: channelStep) {
        result.append(
          Block(
            taps: tap..<min(taps, tap + tapStep), channels: channel..<min(channels, channel + channelStep)))
      }
    }
    // No tap reaches these pixels: one empty block writes their zeros.
    return result.isEmpty ? [Block(taps: 0..<0, channels: 0..<0)] : result
  }

  private var tableByteCount: Int { (Self.maximumBlockTaps + 1) * Self.chunkPixels * 8 + Self.maximumBlockTaps * 8 }
  var scratchByteCount: Int { pool.threadCount * tableByteCount }

  /// Overwrites all pixels of the grids in `destination` (adds to them where the output is accumulating).
  func run(
    _ sourcePixels: UnsafePointer<Float>, panels: UnsafePointer<Float>,
    into destinationPixels: UnsafeMutablePointer<Float>, output: GatherOutput, scratch: UnsafeMutableRawPointer
  ) {
    let panelCount = (destination.channels + panelWidth - 1) / panelWidth
    for (grid, blocks) in zip(grids, blocks) {
      let pixels = destination.images * grid.rows * grid.columns
      let chunks = (pixels + Self.chunkPixels - 1) / Self.chunkPixels
      // Few pixels and many channels (fc6): share the panels out as well, for enough work items.
      let groups = min(panelCount, max(1, (8 * pool.threadCount + chunks - 1) / max(1, chunks)))
      pool.run(chunks * groups) { item, worker in
        let chunk = item % chunks
        let group = item / chunks
        let part = Part(
          pixels: chunk * Self.chunkPixels..<min(pixels, (chunk + 1) * Self.chunkPixels),
          panels: panelCount * group / groups..<panelCount * (group + 1) / groups,
          table: scratch + worker * tableByteCount)
        run(part, grid, blocks, sourcePixels, panels, destinationPixels, output)
      }
    }
  }

  private struct Part {
    var pixels: Range<Int>
    var panels: Range<Int>
    var table: UnsafeMutableRawPointer
  }

  private func run(
    _ part: Part, _ grid: GatherGrid, _ blocks: [Block], _ sourcePixels: UnsafePointer<Float>,
    _ panels: UnsafePointer<Float>, _ destinationPixels: UnsafeMutablePointer<Float>, _ output: GatherOutput
  ) {
    let rows = part.table.assumingMemoryBound(to: UnsafePointer<Float>.self)
    let rowCapacity = Self.maximumBlockTaps * Self.chunkPixels
    let targets = (part.table + rowCapacity * 8).assumingMemoryBound(to: UnsafeMutablePointer<Float>.self)
    let slabs = (part.table + (rowCapacity + Self.chunkPixels) * 8).assumingMemoryBound(to: Int.self)
    fillTargets(targets, part.pixels, grid, destinationPixels)
    for (index, block) in blocks.enumerated() {
      fillRows(rows, part.pixels, grid, block, sourcePixels)
      for (slab, tap) in block.taps.enumerated() {
        slabs[slab] = (grid.taps[tap].slab * source.channels + block.channels.lowerBound) * panelWidth
      }
      let stage = GEMMTile(
        adds: index > 0 || output.isAccumulating, isLast: index == blocks.count - 1, output: output)
      for panel in part.panels {
        let weights = panels + panel * slabsPerPanel * source.channels * panelWidth
        let channel = panel * panelWidth
        let width = min(panelWidth, destination.channels - channel)
        for tile in stride(from: 0, to: part.pixels.count, by: tileRows) {
          multiplyTile(
            rows: rows + tile * block.taps.count, taps: block.taps.count, channels: block.channels.count,
            weights: weights, slabs: slabs, targets: targets + tile,
            targetCount: min(tileRows, part.pixels.count - tile), channel: channel, width: width, stage: stage)
        }
      }
    }
  }

  private func fillTargets(
    _ targets: UnsafeMutablePointer<UnsafeMutablePointer<Float>>, _ pixels: Range<Int>, _ grid: GatherGrid,
    _ destinationPixels: UnsafeMutablePointer<Float>
  ) {
    for (index, pixel) in pixels.enumerated() {
      let (line, column) = pixel.quotientAndRemainder(dividingBy: grid.columns)
      let (image, row) = line.quotientAndRemainder(dividingBy: grid.rows)
      let y = image * destination.height + grid.firstRow + row * grid.destinationStep
      let x = grid.firstColumn + column * grid.destinationStep
      targets[index] = destinationPixels + (y * destination.width + x) * destination.channels
    }
  }

  /// Pointers [tiles][taps][tileRows] to the source pixels; to zeros where there is none.
  private func fillRows(
    _ rows: UnsafeMutablePointer<UnsafePointer<Float>>, _ pixels: Range<Int>, _ grid: GatherGrid, _ block: Block,
    _ sourcePixels: UnsafePointer<Float>
  ) {
    let taps = block.taps.count
    let nothing = UnsafePointer(zeros.floats())
    let padded = (pixels.count + tileRows - 1) / tileRows * tileRows
    for index in 0..<padded {
      let entry = rows + (index / tileRows) * tileRows * taps + index % tileRows
      guard index < pixels.count else {
        for tap in 0..<taps { entry[tap * tileRows] = nothing }
        continue
      }
      let (line, column) = (pixels.lowerBound + index).quotientAndRemainder(dividingBy: grid.columns)
      let (image, row) = line.quotientAndRemainder(dividingBy: grid.rows)
      grid.taps.withUnsafeBufferPointer { all in
        for tap in 0..<taps {
          let y = all[block.taps.lowerBound + tap].row + row * grid.sourceStep
          let x = all[block.taps.lowerBound + tap].column + column * grid.sourceStep
          let isInside = y >= 0 && y < source.height && x >= 0 && x < source.width
          entry[tap * tileRows] =
            isInside
            ? sourcePixels + ((image * source.height + y) * source.width + x) * source.channels
              + block.channels.lowerBound : nothing
        }
      }
    }
  }
}

/// Where a tile is in the sum of its pixels.
struct GEMMTile {
  /// The destination already holds a part of the sum.
  var adds: Bool
  /// Nothing follows: bias, rectification and rounding are due.
  var isLast: Bool
  var output: GatherOutput
}

/// Multiplies `tileRows` gathered pixels with one panel and puts the sums into the target pixels.
///
/// - Parameters:
///   - rows: [taps][tileRows] pointers to the pixels' channels.
///   - slabs: where each tap's weights [channels][panelWidth] start.
private func multiplyTile(
  rows: UnsafePointer<UnsafePointer<Float>>, taps: Int, channels: Int, weights: UnsafePointer<Float>,
  slabs: UnsafePointer<Int>, targets: UnsafePointer<UnsafeMutablePointer<Float>>, targetCount: Int, channel: Int,
  width: Int, stage: GEMMTile
) {
  var sum0 = PanelLanes()
  var sum1 = PanelLanes()
  for tap in 0..<taps {
    let row0 = rows[tap &* tileRows]
    let row1 = rows[tap &* tileRows &+ 1]
    var slab = UnsafeRawPointer(weights + slabs[tap])
    for channel in 0..<channels {
      let lanes = slab.loadUnaligned(as: PanelLanes.self)
      slab += 4 * panelWidth
      sum0 += lanes * row0[channel]
      sum1 += lanes * row1[channel]
    }
  }
  store(sum0, 0, targets, targetCount, channel, width, stage)
  store(sum1, 1, targets, targetCount, channel, width, stage)
}

@inline(__always)
private func store(
  _ sum: PanelLanes, _ row: Int, _ targets: UnsafePointer<UnsafeMutablePointer<Float>>, _ targetCount: Int,
  _ channel: Int, _ width: Int, _ stage: GEMMTile
) {
  guard row < targetCount else { return }
  let target = targets[row] + channel
  if width == panelWidth {
    let raw = UnsafeMutableRawPointer(target)
    var value = sum
    if stage.adds { value += raw.loadUnaligned(as: PanelLanes.self) }
    if stage.isLast {
      if let bias = stage.output.bias {
        value += UnsafeRawPointer(bias + channel).loadUnaligned(as: PanelLanes.self)
      }
      value = finished(value, stage.output)
    }
    raw.storeBytes(of: value, as: PanelLanes.self)
    return
  }
  var value = sum
  for lane in 0..<width {
    if stage.adds { value[lane] += target[lane] }
    if stage.isLast, let bias = stage.output.bias { value[lane] += bias[channel + lane] }
  }
  if stage.isLast { value = finished(value, stage.output) }
  for lane in 0..<width { target[lane] = value[lane] }
}

@inline(__always)
private func finished(_ sum: PanelLanes, _ output: GatherOutput) -> PanelLanes {
  // Not max(0, x): a NaN must survive to be noticed.
  let value = output.isRectified ? sum.zeroed(where: sum .< 0) : sum
  return output.isRounded ? BFloat16Rounding.rounded(value) : value
}
