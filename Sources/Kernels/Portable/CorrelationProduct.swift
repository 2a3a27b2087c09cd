import Basics

/// Weight gradients: for every tap, the sum over an anchor grid's pixels of one activation's channels times another's.
///
/// Pixel (i, j) of the anchor meets, for tap (y, x), pixel (i * step + y - offset, j * step + x - offset) of the
/// sliding activation; pixels outside count as zero. Of the two, `rows` gives the panels' rows (input channels) and
/// `lanes` the panels' lanes (output channels): in a convolution the source slides over the gradient, in a transposed
/// one the gradient over the source. The result is laid out as `PanelWeightLayout`. Every element is summed in one
/// order, whatever the thread count.
final class CorrelationProduct {
  private let anchor: ActivationShape
  private let sliding: ActivationShape
  private let kernel: Int
  private let step: Int
  private let offset: Int
  private let slidingGivesRows: Bool
  private let pool: WorkerPool
  private let blockRows: Int

  /// Bytes of packed pixels to aim at, so that a block stays in the cache that the cores share.
  private static let blockByteCount = 4 << 20

  init(
    anchor: ActivationShape, sliding: ActivationShape, kernel: Int, step: Int, offset: Int, slidingGivesRows: Bool,
    pool: WorkerPool
  ) {
    self.anchor = anchor
    self.sliding = sliding
    self.kernel = kernel
    self.step = step
    self.offset = offset
    self.slidingGivesRows = slidingGivesRows
    self.pool = pool
    var rows = anchor.height
    while rows > 1,
      Self.packedCount(anchor, sliding, kernel, step, rows: rows, slidingGivesRows) * 4 > Self.blockByteCount
    { rows = (rows + 1) / 2 }
    blockRows = rows
  }

  private static func padded(_ channels: Int, _ isRows: Bool) -> Int {
    let width = isRows ? tileRows : panelWidth
    return (channels + width - 1) / width * width
  }

  private static func packedCount(
    _ anchor: ActivationShape, _ sliding: ActivationShape, _ kernel: Int, _ step: Int, rows: Int,
    _ slidingGivesRows: Bool
  ) -> Int {
    rows * anchor.width * padded(anchor.channels, !slidingGivesRows)
      + ((rows - 1) * step + kernel) * ((anchor.width - 1) * step + kernel)
      * padded(sliding.channels, slidingGivesRows)
  }

  var scratchByteCount: Int {
    Self.packedCount(anchor, sliding, kernel, step, rows: blockRows, slidingGivesRows) * 4
  }

  private var slidingRows: Int { (blockRows - 1) * step + kernel }
  private var slidingWidth: Int { (anchor.width - 1) * step + kernel }

  /// Overwrites `result`, its padding with zeros, and, where asked, `laneSums` with the sums of the anchor's channels.
  func run(
    anchor anchorPixels: UnsafePointer<Float>, sliding slidingPixels: UnsafePointer<Float>,
    into result: UnsafeMutablePointer<Float>, laneSums: UnsafeMutablePointer<Float>?, scratch: UnsafeMutableRawPointer
  ) {
    let packedAnchor = scratch.assumingMemoryBound(to: Float.self)
    let packedSliding = packedAnchor + blockRows * anchor.width * Self.padded(anchor.channels, !slidingGivesRows)
    var isFirst = true
    for image in 0..<anchor.images {
      for first in stride(from: 0, to: anchor.height, by: blockRows) {
        let rows = min(blockRows, anchor.height - first)
        pack(
          anchorPixels, anchor, image: image, firstRow: first, rows: rows, firstColumn: 0, width: anchor.width,
          isRows: !slidingGivesRows, into: packedAnchor)
        pack(
          slidingPixels, sliding, image: image, firstRow: first * step - offset, rows: (rows - 1) * step + kernel,
          firstColumn: -offset, width: slidingWidth, isRows: slidingGivesRows, into: packedSliding)
        multiply(packedAnchor, packedSliding, rows: rows, isFirst: isFirst, into: result)
        if let laneSums { sumLanes(packedAnchor, rows: rows, isFirst: isFirst, into: laneSums) }
        isFirst = false
      }
    }
  }

  private var rowTiles: Int {
    Self.padded(slidingGivesRows ? sliding.channels : anchor.channels, true) / tileRows
  }
  private var lanePanels: Int {
    Self.padded(slidingGivesRows ? anchor.channels : sliding.channels, false) / panelWidth
  }

  /// Repacks rows of an activation as [channel tiles][rows][width][tile], zero outside of it.
  private func pack(
    _ pixels: UnsafePointer<Float>, _ shape: ActivationShape, image: Int, firstRow: Int, rows: Int, firstColumn: Int,
    width: Int, isRows: Bool, into packed: UnsafeMutablePointer<Float>
  ) {
    let tile = isRows ? tileRows : panelWidth
    let tiles = (shape.channels + tile - 1) / tile
    pool.run(rows) { row, _ in
      let y = firstRow + row
      for column in 0..<width {
        let x = firstColumn + column
        let isInside = y >= 0 && y < shape.height && x >= 0 && x < shape.width
        let source = isInside ? pixels + ((image * shape.height + y) * shape.width + x) * shape.channels : nil
        for index in 0..<tiles {
          let target = packed + ((index * rows + row) * width + column) * tile
          let present = source == nil ? 0 : min(tile, shape.channels - index * tile)
          if let source {
            let start = source + index * tile
            for lane in 0..<present { target[lane] = start[lane] }
          }
          for lane in present..<tile { target[lane] = 0 }
        }
      }
    }
  }

  private func multiply(
    _ packedAnchor: UnsafePointer<Float>, _ packedSliding: UnsafePointer<Float>, rows: Int, isFirst: Bool,
    into result: UnsafeMutablePointer<Float>
  ) {
    let inputChannels = slidingGivesRows ? sliding.channels : anchor.channels
    let slidingRows = (rows - 1) * step + kernel
    let tiles = rowTiles
    pool.run(lanePanels * tiles) { item, _ in
      let panel = item / tiles
      let tile = item % tiles
      let (anchorTile, slidingTile) = slidingGivesRows ? (panel, tile) : (tile, panel)
      let (anchorLanes, slidingLanes) = slidingGivesRows ? (panelWidth, tileRows) : (tileRows, panelWidth)
      let anchorBase = packedAnchor + anchorTile * rows * anchor.width * anchorLanes
      let slidingBase = packedSliding + slidingTile * slidingRows * slidingWidth * slidingLanes
      for tap in 0..<kernel * kernel {
        let slidingStart = slidingBase + ((tap / kernel) * slidingWidth + tap % kernel) * slidingLanes
        let anchorStrides = (pixel: anchorLanes, row: anchor.width * anchorLanes)
        let slidingStrides = (pixel: step * slidingLanes, row: step * slidingWidth * slidingLanes)
        correlateTile(
          rowPixels: slidingGivesRows ? slidingStart : anchorBase,
          rowStrides: slidingGivesRows ? slidingStrides : anchorStrides,
          lanePixels: slidingGivesRows ? anchorBase : slidingStart,
          laneStrides: slidingGivesRows ? anchorStrides : slidingStrides, height: rows, width: anchor.width,
          into: result + ((panel * kernel * kernel + tap) * inputChannels + tile * tileRows) * panelWidth,
          rowCount: min(tileRows, inputChannels - tile * tileRows), isFirst: isFirst)
      }
    }
  }

  private func sumLanes(
    _ packed: UnsafePointer<Float>, rows: Int, isFirst: Bool, into sums: UnsafeMutablePointer<Float>
  ) {
    pool.run(lanePanels) { panel, _ in
      let base = UnsafeRawPointer(packed + panel * rows * anchor.width * panelWidth)
      var sum = PanelLanes()
      for first in stride(from: 0, to: rows * anchor.width, by: partialPixels) {
        var partial = PanelLanes()
        for pixel in first..<min(rows * anchor.width, first + partialPixels) {
          partial += base.loadUnaligned(fromByteOffset: pixel * panelWidth * 4, as: PanelLanes.self)
        }
        sum += partial
      }
      for lane in 0..<min(panelWidth, anchor.channels - panel * panelWidth) {
        let channel = panel * panelWidth + lane
        sums[channel] = isFirst ? sum[lane] : sums[channel] + sum[lane]
      }
    }
  }
}

/// Pixels summed before the sum is added to a total.
private let partialPixels = 256

/// Adds (or writes, `isFirst`) the products of `tileRows` channels with `panelWidth` channels over height x width
/// pixels.
private func correlateTile(
  rowPixels: UnsafePointer<Float>, rowStrides: (pixel: Int, row: Int), lanePixels: UnsafePointer<Float>,
  laneStrides: (pixel: Int, row: Int), height: Int, width: Int, into result: UnsafeMutablePointer<Float>,
  rowCount: Int, isFirst: Bool
) {
  // Partial sums over a few hundred pixels, then their sum: over a whole image one running sum loses too many bits.
  let partialRows = max(1, partialPixels / width)
  var total0 = PanelLanes()
  var total1 = PanelLanes()
  for first in stride(from: 0, to: height, by: partialRows) {
    var sum0 = PanelLanes()
    var sum1 = PanelLanes()
    for y in first..<min(height, first &+ partialRows) {
      var row = rowPixels + y &* rowStrides.row
      var pixel = UnsafeRawPointer(lanePixels + y &* laneStrides.row)
      for _ in 0..<width {
        let lanes = pixel.loadUnaligned(as: PanelLanes.self)
        sum0 += lanes * row[0]
        sum1 += lanes * row[1]
        row += rowStrides.pixel
        pixel += 4 &* laneStrides.pixel
      }
    }
    total0 += sum0
    total1 += sum1
  }
  let target = UnsafeMutableRawPointer(result)
  write(total0, to: target, isFirst)
  if rowCount > 1 { write(total1, to: target + 4 * panelWidth, isFirst) }
}

@inline(__always)
private func write(_ sum: PanelLanes, to target: UnsafeMutableRawPointer, _ isFirst: Bool) {
  let value = isFirst ? sum : target.loadUnaligned(as: PanelLanes.self) + sum
  target.storeBytes(of: value, as: PanelLanes.self)
}
