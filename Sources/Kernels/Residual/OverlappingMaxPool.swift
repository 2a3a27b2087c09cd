import Basics
import CVector

/// Windows of 3 x 3 pixels around every other one. The workspace holds, per output element, which of its window's nine
/// elements was taken: 3 * row + column. The same loops for all backends.
final class OverlappingMaxPool: MaxPoolOperation {
  let source: ActivationShape
  let destination: ActivationShape
  private let backend: any LineBackend

  init(source: ActivationShape, backend: any LineBackend) {
    self.source = source
    self.backend = backend
    destination = ActivationShape(
      images: source.images, height: (source.height + 1) / 2, width: (source.width + 1) / 2, channels: source.channels)
  }

  var workspaceByteCount: Int { destination.count }

  func forward(
    _ source: UnsafeRawPointer, into destination: UnsafeMutableRawPointer, workspace: UnsafeMutableRawPointer
  ) {
    let places = workspace.assumingMemoryBound(to: UInt8.self)
    let (width, channels, height) = (self.source.width, self.source.channels, self.source.height)
    let count = self.destination.width * channels
    backend.forEachLine(self.destination.images * self.destination.height, grain: 2) { line in
      let (image, row) = line.quotientAndRemainder(dividingBy: self.destination.height)
      let middle = (image * height + 2 * row) * width * channels
      let above = row > 0 ? middle - width * channels : nil
      let below = 2 * row + 1 < height ? middle + width * channels : nil
      if self.isNarrow {
        let source = source.assumingMemoryBound(to: UInt16.self)
        cvector_max_pool_3x3_bfloat16(
          above.map { source + $0 }, source + middle, below.map { source + $0 }, width, channels,
          destination.assumingMemoryBound(to: UInt16.self) + line * count, places + line * count)
      } else {
        let source = source.assumingMemoryBound(to: Float.self)
        cvector_max_pool_3x3_float32(
          above.map { source + $0 }, source + middle, below.map { source + $0 }, width, channels,
          destination.assumingMemoryBound(to: Float.self) + line * count, places + line * count)
      }
    }
  }

  private var isNarrow: Bool { backend.activationType == .bfloat16 }

  func backward(
    _ gradient: UnsafeRawPointer, workspace: UnsafeMutableRawPointer, into sourceGradient: UnsafeMutableRawPointer
  ) {
    let places = UnsafePointer(workspace.assumingMemoryBound(to: UInt8.self))
    let (width, channels) = (source.width, source.channels)
    let count = destination.width * channels
    backend.forEachLine(source.images * source.height, grain: 2) { line in
      let (image, row) = line.quotientAndRemainder(dividingBy: self.source.height)
      // An even row is the middle one of one row of windows, an odd one the last of one and the first of the next.
      let first = (image * self.destination.height + row / 2) * count
      let second = row % 2 == 1 && row / 2 + 1 < self.destination.height ? first + count : nil
      let firstRow: Int32 = row % 2 == 1 ? 2 : 1
      if self.isNarrow {
        let gradient = gradient.assumingMemoryBound(to: UInt16.self)
        cvector_max_pool_3x3_backward_bfloat16(
          gradient + first, places + first, firstRow, second.map { gradient + $0 }, second.map { places + $0 }, 0,
          width, channels, sourceGradient.assumingMemoryBound(to: UInt16.self) + line * width * channels)
        return
      }
      let gradient = gradient.assumingMemoryBound(to: Float.self)
      let target = sourceGradient.assumingMemoryBound(to: Float.self) + line * width * channels
      cvector_max_pool_3x3_backward_float32(
        gradient + first, places + first, firstRow, second.map { gradient + $0 }, second.map { places + $0 }, 0,
        width, channels, target)
      // Activations that are kept as float32 though the precision is bfloat16 hold bfloat16 numbers.
      if self.backend.precision == .bfloat16 { cvector_round_to_bfloat16(target, width * channels) }
    }
  }
}
