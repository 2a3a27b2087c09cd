import Foundation

/// Classes by their scores.
package enum BestClasses {
  /// Whether fewer than `count` classes are better than `label`: a higher score, or an equal one and a smaller number.
  package static func contain(_ label: Int, among count: Int, of scores: UnsafeBufferPointer<Float>) -> Bool {
    let own = scores[label]
    var better = 0
    for (other, score) in scores.enumerated() where score > own || (score == own && other < label) { better += 1 }
    return better < count
  }

  /// The `count` best, best first; of equal scores the smaller number.
  package static func best(_ count: Int, of scores: [Float]) -> [Int] {
    Array(scores.indices.sorted { (scores[$0], $1) > (scores[$1], $0) }.prefix(count))
  }

  /// Softmax: probabilities of scores, in double.
  package static func probabilities(_ scores: [Float]) -> [Double] {
    let largest = Double(scores.max() ?? 0)
    let powers = scores.map { exp(Double($0) - largest) }
    let sum = powers.reduce(0, +)
    return powers.map { $0 / sum }
  }
}
