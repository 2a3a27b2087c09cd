import Basics

/// Probabilities of one row of logits, in double.
enum Softmax {
  /// - Returns: the probabilities and their logarithms.
  static func probabilities(_ logits: ArraySlice<Float>) -> (values: [Double], logarithms: [Double]) {
    let largest = Double(logits.max() ?? 0)
    let shifted = logits.map { Double($0) - largest }
    let powers = shifted.map { exponential($0) }
    let sum = powers.reduce(0, +)
    let logarithmOfSum = logarithm(sum)
    return (powers.map { $0 / sum }, shifted.map { $0 - logarithmOfSum })
  }
}
