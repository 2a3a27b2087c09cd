import Basics
import CVector
import Model

/// A network's class probabilities, averaged over scales and mirror images: at each scale the scores are brought to the
/// image's size, then become probabilities. In one order, whatever the rank.
package final class AveragedScores {
  private let network: Network
  private let augmentation: TestTimeAugmentation
  private var scaled: [Float] = []
  private var scores: [Float] = []
  private var sums: [Float] = []

  package init(network: Network, augmentation: TestTimeAugmentation) {
    self.network = network
    self.augmentation = augmentation
  }

  /// - Parameters:
  ///   - pixels: [height, width, channels], normalised.
  ///   - memory: parameters, prepared.
  /// - Returns: [height, width, classes]
  /// - Throws: `Failure` where a scaled image is too small for the network or too large for memory.
  package func probabilities(
    of pixels: [Float], height: Int, width: Int, _ memory: ParameterMemory
  ) throws -> [Float] {
    let (channels, classes) = (network.configuration.channels, network.configuration.classes)
    sums = [Float](repeating: 0, count: height * width * classes)
    for scale in augmentation.scales {
      let size = TestTimeAugmentation.size(height: height, width: width, at: scale)
      for isFlipped in augmentation.flips ? [false, true] : [false] {
        let plan = try network.plan(images: 1, height: size.height, width: size.width, training: false)
        Resizing(from: (height, width), to: size, isFlipped: isFlipped).run(pixels, channels, into: &scaled)
        let logits = plan.forward(scaled, memory, dropoutKeys: nil)
        let source = UnsafeBufferPointer(start: logits, count: size.height * size.width * classes)
        Resizing(from: size, to: (height, width), isFlipped: isFlipped).run(source, classes, into: &scores)
        scores.withUnsafeMutableBufferPointer { scores in
          guard let base = scores.baseAddress else { return }
          cvector_probabilities(base, height * width, classes, base)
          for place in sums.indices { sums[place] += scores[place] }
        }
      }
    }
    let share = 1 / Float(augmentation.scales.count * (augmentation.flips ? 2 : 1))
    return sums.map { $0 * share }
  }

  /// The likeliest class of each pixel; of equal ones the first.
  ///
  /// - Parameter probabilities: [pixels, classes]
  package static func classes(_ probabilities: [Float], classCount: Int) -> [UInt16] {
    var classes = [UInt16](repeating: 0, count: probabilities.count / classCount)
    cvector_argmax(probabilities, classes.count, classCount, &classes)
    return classes
  }

  /// Its logarithm, finite for a probability that float32 numbers have as 0 too.
  package static func logarithm(of probability: Float) -> Double {
    Basics.logarithm(Double(max(probability, .leastNormalMagnitude)))
  }
}

/// Bilinear resizing of an array [height, width, channels], pixel centres at halves; edges repeat themselves.
private struct Resizing {
  private struct Tap {
    var first: Int
    var second: Int
    /// Of the second.
    var share: Float
  }

  private let rows: [Tap]
  private let columns: [Tap]
  private let sourceWidth: Int

  init(from source: (height: Int, width: Int), to size: (height: Int, width: Int), isFlipped: Bool) {
    rows = Self.taps(source.height, size.height)
    let columns = Self.taps(source.width, size.width)
    self.columns = isFlipped ? columns.reversed() : columns
    sourceWidth = source.width
  }

  private static func taps(_ source: Int, _ size: Int) -> [Tap] {
    (0..<size).map { place in
      let center = (Double(place) + 0.5) * Double(source) / Double(size) - 0.5
      let inside = min(max(center, 0), Double(source - 1))
      let first = Int(inside)
      return Tap(first: first, second: min(first + 1, source - 1), share: Float(inside - Double(first)))
    }
  }

  func run(_ source: [Float], _ channels: Int, into result: inout [Float]) {
    source.withUnsafeBufferPointer { run($0, channels, into: &result) }
  }

  func run(_ source: UnsafeBufferPointer<Float>, _ channels: Int, into result: inout [Float]) {
    let count = rows.count * columns.count * channels
    if result.count != count { result = [Float](repeating: 0, count: count) }
    result.withUnsafeMutableBufferPointer { result in
      guard let source = source.baseAddress, let target = result.baseAddress else { return }
      for (y, row) in rows.enumerated() {
        let above = source + row.first * sourceWidth * channels
        let below = source + row.second * sourceWidth * channels
        for (x, column) in columns.enumerated() {
          let pixel = target + (y * columns.count + x) * channels
          let (left, right) = (column.first * channels, column.second * channels)
          for channel in 0..<channels {
            let top = above[left + channel] + column.share * (above[right + channel] - above[left + channel])
            let bottom = below[left + channel] + column.share * (below[right + channel] - below[left + channel])
            pixel[channel] = top + row.share * (bottom - top)
          }
        }
      }
    }
  }
}
