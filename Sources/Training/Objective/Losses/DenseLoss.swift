import Basics

/// A loss of the class probabilities of an image: of all its pixels, and of no other image, so that it does not matter
/// which images are on which rank.
package protocol DenseLoss: Sendable {
  /// Names of the losses whose sum is minimised.
  var names: [String] { get }

  /// - Parameters:
  ///   - image: of which there is at least one counted pixel.
  ///   - scale: multiplies the gradient.
  /// - Returns: one value for each name. The image's probabilities have become the gradient of the logits.
  func backpropagate(_ image: DenseImage, scale: Float) -> [Double]
}

/// The class probabilities of an image, and its labels.
package struct DenseImage {
  /// [pixels, classes]; becomes the gradient of the logits.
  package let values: UnsafeMutablePointer<Float>
  /// [pixels]: each a class, or to be ignored.
  package let labels: UnsafePointer<UInt16>
  package let pixelCount: Int
  package let classCount: Int
  package let ignoreLabel: UInt16
  /// [classes]
  package let classWeights: [Float]
  package let pool: WorkerPool
  /// Pixels whose sums are added one after the other. Their number decides bits: it depends on nothing.
  private static let blockLength = 4096

  package init(
    values: UnsafeMutablePointer<Float>, labels: UnsafePointer<UInt16>, pixelCount: Int, classCount: Int,
    ignoreLabel: UInt16, classWeights: [Float], pool: WorkerPool
  ) {
    self.values = values
    self.labels = labels
    self.pixelCount = pixelCount
    self.classCount = classCount
    self.ignoreLabel = ignoreLabel
    self.classWeights = classWeights
    self.pool = pool
  }

  /// Whether a pixel has a class.
  package func isCounted(_ pixel: Int) -> Bool { labels[pixel] != ignoreLabel }

  /// The probability of the class that a counted pixel has.
  package func trueProbability(_ pixel: Int) -> Float { values[pixel * classCount + Int(labels[pixel])] }

  /// Pixels of each class.
  package var classCounts: [Int] {
    var counts = [Int](repeating: 0, count: classCount)
    for pixel in 0..<pixelCount where isCounted(pixel) { counts[Int(labels[pixel])] += 1 }
    return counts
  }

  /// Sums `width` numbers over the counted pixels: block after block, whatever the number of threads.
  package func sums(_ width: Int, _ add: (_ pixel: Int, _ sums: UnsafeMutablePointer<Double>) -> Void) -> [Double] {
    let blocks = (pixelCount + Self.blockLength - 1) / Self.blockLength
    var parts = [Double](repeating: 0, count: blocks * width)
    parts.withUnsafeMutableBufferPointer { parts in
      guard let base = parts.baseAddress else { return }
      pool.run(blocks) { block, _ in
        let end = min(pixelCount, (block + 1) * Self.blockLength)
        for pixel in block * Self.blockLength..<end where isCounted(pixel) { add(pixel, base + block * width) }
      }
    }
    return (0..<width).map { place in (0..<blocks).reduce(0) { $0 + parts[$1 * width + place] } }
  }

  /// Writes the gradient of the logits in the place of the probabilities p. For a pixel of class y it is
  /// p_k (s_k - sum of s_c p_c) + f (p_k - [k = y]), 0 where the pixel is ignored.
  ///
  /// - Parameters:
  ///   - factor: f, for a counted pixel: the gradient of f times its cross-entropy.
  ///   - slope: s, the derivative by the probability of a class; nil: 0.
  package func writeGradient(
    factor: (_ pixel: Int) -> Float, slope: ((_ pixel: Int, _ class: Int) -> Float)? = nil
  ) {
    pool.runRanges(pixelCount, grain: Self.blockLength) { pixels in
      for pixel in pixels {
        let row = values + pixel * classCount
        guard isCounted(pixel) else {
          row.update(repeating: 0, count: classCount)
          continue
        }
        let own = factor(pixel)
        var mean: Float = 0
        if let slope { for other in 0..<classCount { mean += slope(pixel, other) * row[other] } }
        for other in 0..<classCount {
          let probability = row[other]
          var gradient = own * (other == Int(labels[pixel]) ? probability - 1 : probability)
          if let slope { gradient += probability * (slope(pixel, other) - mean) }
          row[other] = gradient
        }
      }
    }
  }
}
