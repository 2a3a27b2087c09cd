import Basics
import CVector

/// Elements that one thread takes at a time: small enough to share out, large enough to be worth the hand-over.
private let grain = 1 << 15

extension OneDNNBackend {
  /// Runs the loop for the activation type over pieces of `count` elements.
  private func forEachPiece(_ count: Int, _ body: (Range<Int>) -> Void) {
    parallelRanges(count, grain: grain, threads: threadCount, body)
  }

  func forEachLine(_ count: Int, grain: Int, _ body: (Int) -> Void) {
    parallelRanges(count, grain: grain, threads: threadCount) { lines in
      for line in lines { body(line) }
    }
  }

  package func load(
    _ pixels: UnsafePointer<Float>, shape: ActivationShape, padding: Int, into destination: UnsafeMutableRawPointer
  ) {
    let elementSize = activationType.byteCount
    let paddedHeight = shape.height + 2 * padding
    let count = shape.width * shape.channels
    let margin = padding * shape.channels * elementSize
    let rowByteCount = 2 * margin + count * elementSize
    forEachLine(shape.images * paddedHeight, grain: 4) { line in
      let (image, paddedRow) = line.quotientAndRemainder(dividingBy: paddedHeight)
      let target = destination + line * rowByteCount
      let row = paddedRow - padding
      guard row >= 0 && row < shape.height else {
        target.initializeMemory(as: UInt8.self, repeating: 0, count: rowByteCount)
        return
      }
      target.initializeMemory(as: UInt8.self, repeating: 0, count: margin)
      (target + rowByteCount - margin).initializeMemory(as: UInt8.self, repeating: 0, count: margin)
      let source = pixels + (image * shape.height + row) * count
      if self.isBFloat16 {
        cvector_to_bfloat16(source, (target + margin).assumingMemoryBound(to: UInt16.self), count)
      } else {
        (target + margin).assumingMemoryBound(to: Float.self).update(from: source, count: count)
      }
    }
  }

  package func reluBackward(
    output: UnsafeRawPointer, gradient: UnsafeMutableRawPointer, count: Int, scale: Float
  ) {
    if isBFloat16 {
      let output = output.assumingMemoryBound(to: UInt16.self)
      let gradient = gradient.assumingMemoryBound(to: UInt16.self)
      forEachPiece(count) {
        cvector_relu_backward_bfloat16(output + $0.lowerBound, gradient + $0.lowerBound, $0.count, scale)
      }
    } else {
      let output = output.assumingMemoryBound(to: Float.self)
      let gradient = gradient.assumingMemoryBound(to: Float.self)
      forEachPiece(count) {
        cvector_relu_backward_float32(output + $0.lowerBound, gradient + $0.lowerBound, $0.count, scale)
      }
    }
  }

  package func dropout(_ activation: UnsafeMutableRawPointer, countPerImage: Int, rate: Float, keys: [UInt64]) {
    let keptScale = 1 / (1 - rate)
    for (image, key) in keys.enumerated() {
      let generator = Philox(seed: key, purpose: .dropout, stream: 0)
      let (low, high) = (generator.key.x, generator.key.y)
      if isBFloat16 {
        let base = activation.assumingMemoryBound(to: UInt16.self) + image * countPerImage
        forEachPiece(countPerImage) {
          cvector_dropout_bfloat16(base + $0.lowerBound, $0.lowerBound, $0.count, rate, keptScale, low, high)
        }
      } else {
        let base = activation.assumingMemoryBound(to: Float.self) + image * countPerImage
        forEachPiece(countPerImage) {
          cvector_dropout_float32(base + $0.lowerBound, $0.lowerBound, $0.count, rate, keptScale, low, high)
        }
      }
    }
  }

  package func scale(
    _ source: UnsafeRawPointer, by factor: Float, into destination: UnsafeMutableRawPointer, count: Int
  ) {
    if isBFloat16 {
      let source = source.assumingMemoryBound(to: UInt16.self)
      let destination = destination.assumingMemoryBound(to: UInt16.self)
      forEachPiece(count) {
        cvector_multiply_bfloat16(source + $0.lowerBound, factor, destination + $0.lowerBound, $0.count)
      }
    } else {
      let source = source.assumingMemoryBound(to: Float.self)
      let destination = destination.assumingMemoryBound(to: Float.self)
      forEachPiece(count) {
        cvector_multiply_float32(source + $0.lowerBound, factor, destination + $0.lowerBound, $0.count)
      }
    }
  }

  package func add(_ source: UnsafeRawPointer, to destination: UnsafeMutableRawPointer, count: Int) {
    let elementSize = activationType.byteCount
    forEachPiece(count) {
      self.accumulate(source + $0.lowerBound * elementSize, destination + $0.lowerBound * elementSize, $0.count)
    }
  }

  private func accumulate(_ source: UnsafeRawPointer, _ destination: UnsafeMutableRawPointer, _ count: Int) {
    if isBFloat16 {
      cvector_accumulate_bfloat16(
        source.assumingMemoryBound(to: UInt16.self), destination.assumingMemoryBound(to: UInt16.self), count)
    } else {
      cvector_accumulate_float32(
        source.assumingMemoryBound(to: Float.self), destination.assumingMemoryBound(to: Float.self), count)
    }
  }

  package func crop(
    _ source: UnsafeRawPointer, shape: ActivationShape, offset: Int, height: Int, width: Int,
    into destination: UnsafeMutableRawPointer, accumulating: Bool
  ) {
    let inner = ActivationShape(images: shape.images, height: height, width: width, channels: shape.channels)
    let frame = OneDNNFrame(
      inner: inner, outer: shape, top: offset, left: offset, elementSize: activationType.byteCount,
      threads: threadCount)
    guard accumulating else { return frame.extract(source, into: destination) }
    frame.forEachRow { outer, inner, byteCount in
      self.accumulate(source + outer, destination + inner, byteCount / self.activationType.byteCount)
    }
  }

  package func cropBackward(
    _ gradient: UnsafeRawPointer, height: Int, width: Int, offset: Int, into destination: UnsafeMutableRawPointer,
    shape: ActivationShape
  ) {
    let inner = ActivationShape(images: shape.images, height: height, width: width, channels: shape.channels)
    let frame = OneDNNFrame(
      inner: inner, outer: shape, top: offset, left: offset, elementSize: activationType.byteCount,
      threads: threadCount)
    frame.embed(gradient, into: destination)
  }
}
