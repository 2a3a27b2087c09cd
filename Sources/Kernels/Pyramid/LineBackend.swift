import Basics
import CVector

/// A backend that shares out the lines of an activation among its threads: what is written in those terms is written
/// once for all backends.
protocol LineBackend: Backend {
  /// Runs `body` for 0 ..< count on the backend's threads, `grain` of them or more at a time.
  func forEachLine(_ count: Int, grain: Int, _ body: (Int) -> Void)
}

extension LineBackend {
  private var isNarrow: Bool { activationType == .bfloat16 }

  /// Activations that are kept as float32 though the precision is bfloat16 hold bfloat16 numbers.
  private func round(_ line: UnsafeMutableRawPointer, _ count: Int) {
    guard precision == .bfloat16, !isNarrow else { return }
    cvector_round_to_bfloat16(line.assumingMemoryBound(to: Float.self), count)
  }

  package func readFloats(
    _ source: UnsafeRawPointer, count: Int, into destination: UnsafeMutablePointer<Float>
  ) {
    if isNarrow {
      cvector_from_bfloat16(source.assumingMemoryBound(to: UInt16.self), destination, count)
    } else {
      destination.update(from: source.assumingMemoryBound(to: Float.self), count: count)
    }
  }

  package func upsample(
    _ source: UnsafeRawPointer, shape: ActivationShape, into destination: UnsafeMutableRawPointer
  ) {
    let pixel = shape.channels * activationType.byteCount
    let row = shape.width * pixel
    forEachLine(shape.images * shape.height, grain: 4) { line in
      let target = destination + 4 * line * row
      for column in 0..<shape.width {
        let value = source + line * row + column * pixel
        (target + 2 * column * pixel).copyMemory(from: value, byteCount: pixel)
        (target + (2 * column + 1) * pixel).copyMemory(from: value, byteCount: pixel)
      }
      (target + 2 * row).copyMemory(from: target, byteCount: 2 * row)
    }
  }

  package func upsampleBackward(
    _ gradient: UnsafeRawPointer, into destination: UnsafeMutableRawPointer, shape: ActivationShape
  ) {
    let row = shape.width * shape.channels
    let size = activationType.byteCount
    forEachLine(shape.images * shape.height, grain: 4) { line in
      let above = gradient + 4 * line * row * size
      let below = above + 2 * row * size
      let target = destination + line * row * size
      if isNarrow {
        cvector_sum_squares_bfloat16(
          above.assumingMemoryBound(to: UInt16.self), below.assumingMemoryBound(to: UInt16.self),
          target.assumingMemoryBound(to: UInt16.self), shape.width, shape.channels)
      } else {
        cvector_sum_squares_float32(
          above.assumingMemoryBound(to: Float.self), below.assumingMemoryBound(to: Float.self),
          target.assumingMemoryBound(to: Float.self), shape.width, shape.channels)
        round(target, row)
      }
    }
  }

  package func subsample(
    _ source: UnsafeRawPointer, shape: ActivationShape, into destination: UnsafeMutableRawPointer
  ) {
    let (rows, columns) = ((shape.height + 1) / 2, (shape.width + 1) / 2)
    let pixel = shape.channels * activationType.byteCount
    for line in 0..<shape.images * rows {
      let (image, row) = line.quotientAndRemainder(dividingBy: rows)
      let first = source + (image * shape.height + 2 * row) * shape.width * pixel
      for column in 0..<columns {
        (destination + (line * columns + column) * pixel).copyMemory(
          from: first + 2 * column * pixel, byteCount: pixel)
      }
    }
  }

  package func subsampleBackward(
    _ gradient: UnsafeRawPointer, into destination: UnsafeMutableRawPointer, shape: ActivationShape
  ) {
    let (rows, columns) = ((shape.height + 1) / 2, (shape.width + 1) / 2)
    let pixel = shape.channels * activationType.byteCount
    destination.initializeMemory(as: UInt8.self, repeating: 0, count: shape.byteCount(activationType))
    for line in 0..<shape.images * rows {
      let (image, row) = line.quotientAndRemainder(dividingBy: rows)
      let first = destination + (image * shape.height + 2 * row) * shape.width * pixel
      for column in 0..<columns {
        (first + 2 * column * pixel).copyMemory(
          from: gradient + (line * columns + column) * pixel, byteCount: pixel)
      }
    }
  }

  package func pixelShuffle(
    _ source: UnsafeRawPointer, shape: ActivationShape, into destination: UnsafeMutableRawPointer
  ) {
    forEachShuffledPixel(of: shape) { (destination + $1).copyMemory(from: source + $0, byteCount: $2) }
  }

  package func pixelUnshuffle(
    _ gradient: UnsafeRawPointer, into destination: UnsafeMutableRawPointer, shape: ActivationShape
  ) {
    forEachShuffledPixel(of: shape) { (destination + $0).copyMemory(from: gradient + $1, byteCount: $2) }
  }

  /// Calls `body` with the byte offsets of each piece in the small map and in the large one, and its bytes.
  private func forEachShuffledPixel(of shape: ActivationShape, _ body: (Int, Int, Int) -> Void) {
    let piece = shape.channels / 4 * activationType.byteCount
    forEachLine(shape.images * shape.height, grain: 4) { line in
      for column in 0..<shape.width {
        let small = 4 * (line * shape.width + column) * piece
        let large = (4 * line * shape.width + 2 * column) * piece
        for (phase, offset) in [0, 1, 2 * shape.width, 2 * shape.width + 1].enumerated() {
          body(small + phase * piece, large + offset * piece, piece)
        }
      }
    }
  }
}
