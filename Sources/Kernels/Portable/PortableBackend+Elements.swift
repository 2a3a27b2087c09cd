import Basics

/// Elements that one thread takes at a time: small enough to share out, large enough to be worth the hand-over.
private let grain = 1 << 16

extension PortableBackend {
  private var rounds: Bool { precision == .bfloat16 }

  func forEachLine(_ count: Int, grain: Int, _ body: (Int) -> Void) {
    pool.runRanges(count, grain: grain) { lines in
      for line in lines { body(line) }
    }
  }

  package func load(
    _ pixels: UnsafePointer<Float>, shape: ActivationShape, padding: Int, into destination: UnsafeMutableRawPointer
  ) {
    let destination = destination.assumingMemoryBound(to: Float.self)
    let paddedHeight = shape.height + 2 * padding
    let rowCount = (shape.width + 2 * padding) * shape.channels
    let margin = padding * shape.channels
    pool.run(shape.images * paddedHeight) { line, _ in
      let (image, row) = line.quotientAndRemainder(dividingBy: paddedHeight)
      let target = destination + line * rowCount
      guard row >= padding && row < padding + shape.height else {
        target.update(repeating: 0, count: rowCount)
        return
      }
      let count = shape.width * shape.channels
      target.update(repeating: 0, count: margin)
      (target + margin).update(from: pixels + (image * shape.height + row - padding) * count, count: count)
      (target + margin + count).update(repeating: 0, count: margin)
      if rounds { BFloat16Rounding.round(target + margin, count: count) }
    }
  }

  package func reluBackward(
    output: UnsafeRawPointer, gradient: UnsafeMutableRawPointer, count: Int, scale: Float
  ) {
    let output = output.assumingMemoryBound(to: Float.self)
    let gradient = gradient.assumingMemoryBound(to: Float.self)
    pool.runRanges(count, grain: grain) { range in
      for i in range { gradient[i] = output[i] > 0 ? gradient[i] * scale : 0 }
      if rounds && scale != 1 { BFloat16Rounding.round(gradient + range.lowerBound, count: range.count) }
    }
  }

  package func dropout(_ activation: UnsafeMutableRawPointer, countPerImage: Int, rate: Float, keys: [UInt64]) {
    let activation = activation.assumingMemoryBound(to: Float.self)
    let keptScale = 1 / (1 - rate)
    for (image, key) in keys.enumerated() {
      let base = activation + image * countPerImage
      let generator = Philox(seed: key, purpose: .dropout, stream: 0)
      pool.runRanges((countPerImage + 3) / 4, grain: grain / 16) { blocks in
        for block in blocks {
          let numbers = generator.block(at: UInt64(block))
          for lane in 0..<min(4, countPerImage - 4 * block) {
            let isDropped = Float(numbers[lane] >> 8) * 0x1p-24 < rate
            base[4 * block + lane] = isDropped ? 0 : base[4 * block + lane] * keptScale
          }
        }
        let first = 4 * blocks.lowerBound
        if rounds { BFloat16Rounding.round(base + first, count: min(countPerImage, 4 * blocks.upperBound) - first) }
      }
    }
  }

  package func scale(
    _ source: UnsafeRawPointer, by factor: Float, into destination: UnsafeMutableRawPointer, count: Int
  ) {
    let source = source.assumingMemoryBound(to: Float.self)
    let destination = destination.assumingMemoryBound(to: Float.self)
    pool.runRanges(count, grain: grain) { range in
      for i in range { destination[i] = source[i] * factor }
      if rounds { BFloat16Rounding.round(destination + range.lowerBound, count: range.count) }
    }
  }

  package func add(_ source: UnsafeRawPointer, to destination: UnsafeMutableRawPointer, count: Int) {
    let source = source.assumingMemoryBound(to: Float.self)
    let destination = destination.assumingMemoryBound(to: Float.self)
    pool.runRanges(count, grain: grain) { range in
      for i in range { destination[i] += source[i] }
      if rounds { BFloat16Rounding.round(destination + range.lowerBound, count: range.count) }
    }
  }

  package func crop(
    _ source: UnsafeRawPointer, shape: ActivationShape, offset: Int, height: Int, width: Int,
    into destination: UnsafeMutableRawPointer, accumulating: Bool
  ) {
    let source = source.assumingMemoryBound(to: Float.self)
    let destination = destination.assumingMemoryBound(to: Float.self)
    let count = width * shape.channels
    pool.run(shape.images * height) { line, _ in
      let (image, row) = line.quotientAndRemainder(dividingBy: height)
      let start = source + ((image * shape.height + offset + row) * shape.width + offset) * shape.channels
      let target = destination + line * count
      guard accumulating else { return target.update(from: start, count: count) }
      for i in 0..<count { target[i] += start[i] }
      if rounds { BFloat16Rounding.round(target, count: count) }
    }
  }

  package func cropBackward(
    _ gradient: UnsafeRawPointer, height: Int, width: Int, offset: Int, into destination: UnsafeMutableRawPointer,
    shape: ActivationShape
  ) {
    let gradient = gradient.assumingMemoryBound(to: Float.self)
    let destination = destination.assumingMemoryBound(to: Float.self)
    let rowCount = shape.width * shape.channels
    let count = width * shape.channels
    let before = offset * shape.channels
    pool.run(shape.images * shape.height) { line, _ in
      let (image, row) = line.quotientAndRemainder(dividingBy: shape.height)
      let target = destination + line * rowCount
      guard row >= offset && row < offset + height else {
        target.update(repeating: 0, count: rowCount)
        return
      }
      target.update(repeating: 0, count: before)
      (target + before).update(from: gradient + (image * height + row - offset) * count, count: count)
      (target + before + count).update(repeating: 0, count: rowCount - before - count)
    }
  }
}
