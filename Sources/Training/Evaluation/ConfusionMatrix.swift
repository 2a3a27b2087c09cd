import Collectives

/// Counts of pixels by true class (row) and predicted class (column). Integers, so that any order and any split of the
/// images gives the same bits.
package struct ConfusionMatrix: Equatable, Sendable {
  package let classCount: Int
  /// [truth * classCount + prediction]
  package private(set) var counts: [Int64]

  package init(classCount: Int) {
    self.classCount = classCount
    counts = [Int64](repeating: 0, count: classCount * classCount)
  }

  package init(classCount: Int, counts: [Int64]) {
    precondition(counts.count == classCount * classCount)
    self.classCount = classCount
    self.counts = counts
  }

  package subscript(truth: Int, prediction: Int) -> Int64 { counts[truth * classCount + prediction] }

  /// Counts the pixels whose label is a class; all others are left out.
  package mutating func accumulate(
    labels: UnsafeBufferPointer<UInt16>, predictions: UnsafeBufferPointer<UInt16>, ignoreLabel: UInt16
  ) {
    precondition(labels.count == predictions.count)
    counts.withUnsafeMutableBufferPointer { counts in
      for i in 0..<labels.count {
        let truth = Int(labels[i])
        if labels[i] != ignoreLabel && truth < classCount {
          counts[truth * classCount + Int(predictions[i])] += 1
        }
      }
    }
  }

  /// - Important: Collective.
  package mutating func allReduce(over group: any ProcessGroup) throws { try group.allReduce(&counts, .sum) }

  package var pixelCount: Int64 { counts.reduce(0, +) }
  /// Counted pixels whose label is class `c`.
  package func truthCount(_ c: Int) -> Int64 { (0..<classCount).reduce(0) { $0 + self[c, $1] } }
  /// Counted pixels whose prediction is class `c`.
  package func predictionCount(_ c: Int) -> Int64 { (0..<classCount).reduce(0) { $0 + self[$1, c] } }

  /// n_ii / (t_i + sum_j n_ji - n_ii), nil for a class that occurs neither as label nor as prediction. (FCN paper,
  /// section 5.)
  package func intersectionOverUnion(_ c: Int) -> Double? {
    let union = truthCount(c) + predictionCount(c) - self[c, c]
    return union == 0 ? nil : Double(self[c, c]) / Double(union)
  }

  /// n_ii / t_i, nil for a class that does not occur as label.
  package func accuracy(_ c: Int) -> Double? {
    truthCount(c) == 0 ? nil : Double(self[c, c]) / Double(truthCount(c))
  }

  package var pixelAccuracy: Double {
    pixelCount == 0 ? 0 : Double((0..<classCount).reduce(Int64(0)) { $0 + self[$1, $1] }) / Double(pixelCount)
  }

  package var meanClassAccuracy: Double { mean((0..<classCount).compactMap(accuracy)) }

  /// Averaged over the classes that occur.
  package var meanIntersectionOverUnion: Double { mean((0..<classCount).compactMap(intersectionOverUnion)) }

  package var frequencyWeightedIntersectionOverUnion: Double {
    if pixelCount == 0 { return 0 }
    return (0..<classCount).reduce(0) {
      $0 + Double(truthCount($1)) / Double(pixelCount) * (intersectionOverUnion($1) ?? 0)
    }
  }

  private func mean(_ values: [Double]) -> Double {
    values.isEmpty ? 0 : values.reduce(0, +) / Double(values.count)
  }
}
