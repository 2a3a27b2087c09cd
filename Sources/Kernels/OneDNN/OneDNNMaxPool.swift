import CVector

/// 2x2 max-pooling; odd sizes are rounded up. The workspace has a byte per output that says which of the four it was.
final class OneDNNMaxPool: MaxPoolOperation {
  let source: ActivationShape
  let destination: ActivationShape
  private let isBFloat16: Bool
  private let threads: Int

  init(source: ActivationShape, isBFloat16: Bool, threads: Int) {
    self.source = source
    self.isBFloat16 = isBFloat16
    self.threads = threads
    destination = ActivationShape(
      images: source.images, height: (source.height + 1) / 2, width: (source.width + 1) / 2, channels: source.channels)
  }

  var workspaceByteCount: Int { destination.count }

  /// Calls `body` with each output row's index in elements, and those of its two source rows (nil: past the bottom).
  private func forEachRow(_ body: (_ row: Int, _ above: Int, _ below: Int?) -> Void) {
    let destinationRow = destination.width * destination.channels
    let sourceRow = source.width * source.channels
    parallelRanges(destination.images * destination.height, grain: 2, threads: threads) { lines in
      for line in lines {
        let (image, row) = line.quotientAndRemainder(dividingBy: self.destination.height)
        let above = (image * self.source.height + 2 * row) * sourceRow
        body(line * destinationRow, above, 2 * row + 1 < self.source.height ? above + sourceRow : nil)
      }
    }
  }

  func forward(
    _ source: UnsafeRawPointer, into destination: UnsafeMutableRawPointer, workspace: UnsafeMutableRawPointer
  ) {
    let places = workspace.assumingMemoryBound(to: UInt8.self)
    let (width, channels) = (self.source.width, self.source.channels)
    if isBFloat16 {
      let source = source.assumingMemoryBound(to: UInt16.self)
      let destination = destination.assumingMemoryBound(to: UInt16.self)
      forEachRow { row, above, below in
        cvector_max_pool_bfloat16(
          source + above, below.map { source + $0 }, width, channels, destination + row, places + row)
      }
    } else {
      let source = source.assumingMemoryBound(to: Float.self)
      let destination = destination.assumingMemoryBound(to: Float.self)
      forEachRow { row, above, below in
        cvector_max_pool_float32(
          source + above, below.map { source + $0 }, width, channels, destination + row, places + row)
      }
    }
  }

  func backward(
    _ gradient: UnsafeRawPointer, workspace: UnsafeMutableRawPointer, into sourceGradient: UnsafeMutableRawPointer
  ) {
    let places = workspace.assumingMemoryBound(to: UInt8.self)
    let (width, channels) = (source.width, source.channels)
    if isBFloat16 {
      let gradient = gradient.assumingMemoryBound(to: UInt16.self)
      let source = sourceGradient.assumingMemoryBound(to: UInt16.self)
      forEachRow { row, above, below in
        cvector_max_pool_backward_bfloat16(
          gradient + row, places + row, width, channels, source + above, below.map { source + $0 })
      }
    } else {
      let gradient = gradient.assumingMemoryBound(to: Float.self)
      let source = sourceGradient.assumingMemoryBound(to: Float.self)
      forEachRow { row, above, below in
        cvector_max_pool_backward_float32(
          gradient + row, places + row, width, channels, source + above, below.map { source + $0 })
      }
    }
  }
}
