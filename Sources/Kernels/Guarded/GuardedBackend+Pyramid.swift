import Basics

extension GuardedBackend {
  private func byteCount(_ shape: ActivationShape) -> Int { shape.byteCount(activationType) }

  package func readFloats(_ source: UnsafeRawPointer, count: Int, into destination: UnsafeMutablePointer<Float>) {
    Guard.run([.input(source, count * activationType.byteCount), .output(destination, 4 * count)]) {
      inner.readFloats($0[0], count: count, into: $0[1].assumingMemoryBound(to: Float.self))
    }
  }

  package func upsample(
    _ source: UnsafeRawPointer, shape: ActivationShape, into destination: UnsafeMutableRawPointer
  ) {
    Guard.run([.input(source, byteCount(shape)), .output(destination, 4 * byteCount(shape))]) {
      inner.upsample($0[0], shape: shape, into: $0[1])
    }
  }

  package func upsampleBackward(
    _ gradient: UnsafeRawPointer, into destination: UnsafeMutableRawPointer, shape: ActivationShape
  ) {
    Guard.run([.input(gradient, 4 * byteCount(shape)), .output(destination, byteCount(shape))]) {
      inner.upsampleBackward($0[0], into: $0[1], shape: shape)
    }
  }

  private func halved(_ shape: ActivationShape) -> ActivationShape {
    ActivationShape(
      images: shape.images, height: (shape.height + 1) / 2, width: (shape.width + 1) / 2, channels: shape.channels)
  }

  package func subsample(
    _ source: UnsafeRawPointer, shape: ActivationShape, into destination: UnsafeMutableRawPointer
  ) {
    Guard.run([.input(source, byteCount(shape)), .output(destination, byteCount(halved(shape)))]) {
      inner.subsample($0[0], shape: shape, into: $0[1])
    }
  }

  package func subsampleBackward(
    _ gradient: UnsafeRawPointer, into destination: UnsafeMutableRawPointer, shape: ActivationShape
  ) {
    Guard.run([.input(gradient, byteCount(halved(shape))), .output(destination, byteCount(shape))]) {
      inner.subsampleBackward($0[0], into: $0[1], shape: shape)
    }
  }

  package func pixelShuffle(
    _ source: UnsafeRawPointer, shape: ActivationShape, into destination: UnsafeMutableRawPointer
  ) {
    Guard.run([.input(source, byteCount(shape)), .output(destination, byteCount(shape))]) {
      inner.pixelShuffle($0[0], shape: shape, into: $0[1])
    }
  }

  package func pixelUnshuffle(
    _ gradient: UnsafeRawPointer, into destination: UnsafeMutableRawPointer, shape: ActivationShape
  ) {
    Guard.run([.input(gradient, byteCount(shape)), .output(destination, byteCount(shape))]) {
      inner.pixelUnshuffle($0[0], into: $0[1], shape: shape)
    }
  }

  package func addBias(
    _ bias: UnsafePointer<Float>, to activation: UnsafeMutableRawPointer, shape: ActivationShape, rectified: Bool
  ) {
    Guard.run([.input(bias, 4 * shape.channels), .changed(activation, byteCount(shape))]) {
      inner.addBias($0[0].assumingMemoryBound(to: Float.self), to: $0[1], shape: shape, rectified: rectified)
    }
  }

  package func sumOverPixels(
    _ gradient: UnsafeRawPointer, shape: ActivationShape, into sums: UnsafeMutablePointer<Float>
  ) {
    Guard.run([.input(gradient, byteCount(shape)), .output(sums, 4 * shape.channels)]) {
      inner.sumOverPixels($0[0], shape: shape, into: $0[1].assumingMemoryBound(to: Float.self))
    }
  }

  package func roiAlign(
    _ maps: [UnsafeRawPointer], _ alignment: RegionAlignment, _ regions: RegionTable,
    into destination: UnsafeMutableRawPointer
  ) {
    let inputs = zip(maps, alignment.levels).map { Guard.Part.input($0, byteCount($1.shape)) }
    let size = byteCount(alignment.destination(regions: regions.count))
    Guard.run([.output(destination, size)] + inputs) {
      inner.roiAlign($0.dropFirst().map { UnsafeRawPointer($0) }, alignment, regions, into: $0[0])
    }
  }

  package func roiAlignBackward(
    _ gradient: UnsafeRawPointer, _ alignment: RegionAlignment, _ regions: RegionTable,
    into sums: [UnsafeMutablePointer<Float>]
  ) {
    let outputs = zip(sums, alignment.levels).map { Guard.Part.output($0, 4 * $1.shape.count) }
    Guard.run([.input(gradient, byteCount(alignment.destination(regions: regions.count)))] + outputs) {
      inner.roiAlignBackward(
        $0[0], alignment, regions, into: $0.dropFirst().map { $0.assumingMemoryBound(to: Float.self) })
    }
  }
}
