import Basics

/// Puts an activation into the middle of a larger one that is zero elsewhere, or takes it out again.
struct OneDNNFrame {
  let inner: ActivationShape
  let outer: ActivationShape
  let top: Int
  let left: Int
  let elementSize: Int
  let threads: Int

  var outerByteCount: Int { wholeCacheLines(outer.count * elementSize) }
  private var pixelByteCount: Int { inner.channels * elementSize }

  func embed(_ source: UnsafeRawPointer, into destination: UnsafeMutableRawPointer) {
    let rowByteCount = outer.width * pixelByteCount
    let before = left * pixelByteCount
    let kept = inner.width * pixelByteCount
    parallelRanges(outer.images * outer.height, grain: 4, threads: threads) { lines in
      for line in lines {
        let (image, outerRow) = line.quotientAndRemainder(dividingBy: self.outer.height)
        let target = destination + line * rowByteCount
        let row = outerRow - self.top
        guard row >= 0 && row < self.inner.height else {
          target.initializeMemory(as: UInt8.self, repeating: 0, count: rowByteCount)
          continue
        }
        target.initializeMemory(as: UInt8.self, repeating: 0, count: before)
        (target + before).copyMemory(from: source + (image * self.inner.height + row) * kept, byteCount: kept)
        (target + before + kept).initializeMemory(as: UInt8.self, repeating: 0, count: rowByteCount - before - kept)
      }
    }
  }

  func extract(_ source: UnsafeRawPointer, into destination: UnsafeMutableRawPointer) {
    forEachRow { outer, inner, byteCount in
      (destination + inner).copyMemory(from: source + outer, byteCount: byteCount)
    }
  }

  /// Calls `body` with each inner row's place in both, in bytes.
  func forEachRow(_ body: (_ outer: Int, _ inner: Int, _ byteCount: Int) -> Void) {
    let kept = inner.width * pixelByteCount
    parallelRanges(inner.images * inner.height, grain: 4, threads: threads) { lines in
      for line in lines {
        let (image, row) = line.quotientAndRemainder(dividingBy: self.inner.height)
        let pixel = (image * self.outer.height + self.top + row) * self.outer.width + self.left
        body(pixel * self.pixelByteCount, line * kept, kept)
      }
    }
  }
}
