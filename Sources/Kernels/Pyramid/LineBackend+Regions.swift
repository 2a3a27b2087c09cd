import Basics
import CVector

extension LineBackend {
  package func roiAlign(
    _ maps: [UnsafeRawPointer], _ alignment: RegionAlignment, _ regions: RegionTable,
    into destination: UnsafeMutableRawPointer
  ) {
    let size = activationType.byteCount
    let count = alignment.size * alignment.size * alignment.channels
    forEachLine(regions.count, grain: 1) { region in
      let target = destination + region * count * size
      let level = Int(regions.levels[region])
      guard level >= 0 else {
        target.initializeMemory(as: UInt8.self, repeating: 0, count: count * size)
        return
      }
      var settings = cvector_align(alignment, level: level)
      let shape = alignment.levels[level].shape
      let image = region / regions.countPerImage
      let map = maps[level] + image * (shape.count / shape.images) * size
      let box = UnsafePointer(regions.boxes + 4 * region)
      if activationType == .bfloat16 {
        cvector_align_bfloat16(
          &settings, map.assumingMemoryBound(to: UInt16.self), box, target.assumingMemoryBound(to: UInt16.self))
      } else {
        let target = target.assumingMemoryBound(to: Float.self)
        cvector_align_float32(&settings, map.assumingMemoryBound(to: Float.self), box, target)
        if precision == .bfloat16 { cvector_round_to_bfloat16(target, count) }
      }
    }
  }

  package func roiAlignBackward(
    _ gradient: UnsafeRawPointer, _ alignment: RegionAlignment, _ regions: RegionTable,
    into sums: [UnsafeMutablePointer<Float>]
  ) {
    for (level, sum) in zip(alignment.levels, sums) { sum.update(repeating: 0, count: level.shape.count) }
    let count = alignment.size * alignment.size * alignment.channels
    // Shares are channels: every sum goes through the regions in their order, whoever makes it.
    let blocks = (alignment.channels + channelsOfBlock - 1) / channelsOfBlock
    forEachLine(regions.images * blocks, grain: 1) { line in
      let (image, block) = line.quotientAndRemainder(dividingBy: blocks)
      let first = Int32(block * channelsOfBlock)
      let last = Int32(min(alignment.channels, (block + 1) * channelsOfBlock))
      for region in image * regions.countPerImage..<(image + 1) * regions.countPerImage {
        let level = Int(regions.levels[region])
        guard level >= 0 else { continue }
        var settings = cvector_align(alignment, level: level)
        let shape = alignment.levels[level].shape
        let sum = sums[level] + image * (shape.count / shape.images)
        let box = UnsafePointer(regions.boxes + 4 * region)
        if activationType == .bfloat16 {
          cvector_align_backward_bfloat16(
            &settings, gradient.assumingMemoryBound(to: UInt16.self) + region * count, box, first, last, sum)
        } else {
          cvector_align_backward_float32(
            &settings, gradient.assumingMemoryBound(to: Float.self) + region * count, box, first, last, sum)
        }
      }
    }
  }
}

/// A cache line of bfloat16 numbers.
private let channelsOfBlock = 32

extension cvector_align {
  fileprivate init(_ alignment: RegionAlignment, level: Int) {
    let map = alignment.levels[level]
    self.init(
      height: Int32(map.shape.height), width: Int32(map.shape.width), channels: Int32(map.shape.channels),
      size: Int32(alignment.size), samples: Int32(alignment.samples ?? 0), scale: map.scale,
      aligned: alignment.isAligned ? 1 : 0)
  }
}
