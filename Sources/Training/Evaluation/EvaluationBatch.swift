/// How many images go through the network at once where no gradients are wanted. What comes out does not depend on it.
package enum EvaluationBatch {
  /// More would be no faster: weights are read once for about as many pixels as their layers have outputs.
  private static let pixelCount = 1 << 18
  package static let mostImages = 32

  /// - Parameter count: images that memory was planned for anyway.
  package static func imageCount(height: Int, width: Int, atLeast count: Int = 1) -> Int {
    min(mostImages, max(1, count, pixelCount / max(1, height * width)))
  }

  /// Cuts `indices` into runs of equal size, none longer than `imageCount` allows.
  package static func runs(
    of indices: Range<Int>, atLeast count: Int = 1, size: (Int) -> (height: Int, width: Int)
  ) -> [Range<Int>] {
    var runs: [Range<Int>] = []
    var start = indices.lowerBound
    while start < indices.upperBound {
      let first = size(start)
      let limit = min(indices.upperBound, start + imageCount(height: first.height, width: first.width, atLeast: count))
      let end = (start..<limit).first { size($0) != first } ?? limit
      runs.append(start..<end)
      start = end
    }
    return runs
  }
}
