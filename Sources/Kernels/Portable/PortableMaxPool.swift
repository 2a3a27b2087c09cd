import Basics

/// 2x2 windows, stride 2, output size rounded up. The workspace holds, per output element, which of its window's four
/// elements was taken: 2 * row + column.
final class PortableMaxPool: MaxPoolOperation {
  let source: ActivationShape
  let destination: ActivationShape
  private let pool: WorkerPool

  init(source: ActivationShape, pool: WorkerPool) {
    self.source = source
    destination = ActivationShape(
      images: source.images, height: (source.height + 1) / 2, width: (source.width + 1) / 2, channels: source.channels)
    self.pool = pool
  }

  var workspaceByteCount: Int { destination.count }

  func forward(
    _ source: UnsafeRawPointer, into destination: UnsafeMutableRawPointer, workspace: UnsafeMutableRawPointer
  ) {
    let source = source.assumingMemoryBound(to: Float.self)
    let destination = destination.assumingMemoryBound(to: Float.self)
    let workspace = workspace.assumingMemoryBound(to: UInt8.self)
    pool.run(self.destination.images * self.destination.height) { line, _ in
      let (image, row) = line.quotientAndRemainder(dividingBy: self.destination.height)
      for column in 0..<self.destination.width {
        let first = source + self.sourceOffset(image, row, column)
        let index = (line * self.destination.width + column) * self.source.channels
        self.pickMaxima(
          first, hasRight: 2 * column + 1 < self.source.width, hasBelow: 2 * row + 1 < self.source.height,
          into: destination + index, workspace + index)
      }
    }
  }

  private func sourceOffset(_ image: Int, _ row: Int, _ column: Int) -> Int {
    ((image * source.height + 2 * row) * source.width + 2 * column) * source.channels
  }

  private func pickMaxima(
    _ first: UnsafePointer<Float>, hasRight: Bool, hasBelow: Bool, into maxima: UnsafeMutablePointer<Float>,
    _ places: UnsafeMutablePointer<UInt8>
  ) {
    let channels = source.channels
    let below = source.width * channels
    for channel in 0..<channels {
      var maximum = first[channel]
      var place: UInt8 = 0
      // A NaN counts as larger than anything, so that it is noticed.
      func consider(_ value: Float, _ candidate: UInt8) {
        if value > maximum || value != value {
          maximum = value
          place = candidate
        }
      }
      if hasRight { consider(first[channel &+ channels], 1) }
      if hasBelow { consider(first[channel &+ below], 2) }
      if hasRight && hasBelow { consider(first[channel &+ below &+ channels], 3) }
      maxima[channel] = maximum
      places[channel] = place
    }
  }

  func backward(
    _ gradient: UnsafeRawPointer, workspace: UnsafeMutableRawPointer, into sourceGradient: UnsafeMutableRawPointer
  ) {
    let gradient = gradient.assumingMemoryBound(to: Float.self)
    let workspace = workspace.assumingMemoryBound(to: UInt8.self)
    let sourceGradient = sourceGradient.assumingMemoryBound(to: Float.self)
    pool.run(source.images * source.height) { line, _ in
      let (image, row) = line.quotientAndRemainder(dividingBy: self.source.height)
      let channels = self.source.channels
      for column in 0..<self.source.width {
        let place = UInt8(2 * (row & 1) + (column & 1))
        let window = ((image * self.destination.height + row / 2) * self.destination.width + column / 2) * channels
        let target = sourceGradient + (line * self.source.width + column) * channels
        for channel in 0..<channels {
          target[channel] = workspace[window &+ channel] == place ? gradient[window &+ channel] : 0
        }
      }
    }
  }
}
