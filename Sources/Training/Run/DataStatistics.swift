import Basics
import Collectives
import SegmentationData

/// What a run measures on the training images where the configuration leaves it open. Rank 0 measures, all others
/// are told: one pass over the files, and one truth.
package struct DataStatistics: Codable, Equatable, Sendable {
  /// Per channel, in the units of the stored pixels.
  package let mean: [Float]
  package let std: [Float]
  /// Pixels of every class.
  package let classPixels: [Int64]
  /// Per class: pixels of the images in which it occurs.
  package let presentPixels: [Int64]

  /// How many images are looked at, evenly spread over the split.
  package static let sampleLimit = 512

  package init(measuring dataset: Dataset) throws {
    let channels = dataset.info.channels
    let classes = dataset.info.classCount
    var sums = [Double](repeating: 0, count: channels)
    var squares = [Double](repeating: 0, count: channels)
    var pixelCount = 0.0
    var classPixels = [Int64](repeating: 0, count: classes)
    var presentPixels = [Int64](repeating: 0, count: classes)
    let count = min(Self.sampleLimit, dataset.info.sampleCount)
    for i in 0..<count {
      let sample = try dataset.read(i * dataset.info.sampleCount / count)
      Self.add(sample.pixels, channels: channels, to: &sums, &squares)
      pixelCount += Double(sample.height * sample.width)
      let found = Self.count(sample.labels, classes: classes)
      let labelled = found.reduce(0, +)
      for c in 0..<classes where found[c] > 0 {
        classPixels[c] += found[c]
        presentPixels[c] += labelled
      }
    }
    mean = sums.map { Float($0 / max(1, pixelCount)) }
    std = (0..<channels).map { c in
      let average = sums[c] / max(1, pixelCount)
      let variance = squares[c] / max(1, pixelCount) - average * average
      return variance > 1e-12 ? Float(variance.squareRoot()) : 1
    }
    self.classPixels = classPixels
    self.presentPixels = presentPixels
  }

  /// median frequency / frequency, where a class's frequency is its share of the pixels of the images in which it
  /// occurs (Eigen & Fergus, ICCV 2015, section 4.3.3); 0 for a class that does not occur.
  package var medianFrequencyWeights: [Float] {
    let frequencies = zip(classPixels, presentPixels).map { $1 > 0 ? Double($0) / Double($1) : 0 }
    let sorted = frequencies.filter { $0 > 0 }.sorted()
    guard !sorted.isEmpty else { return frequencies.map { _ in 1 } }
    let middle = sorted.count / 2
    let median = sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
    return frequencies.map { $0 > 0 ? Float(median / $0) : 0 }
  }

  /// One per class, as the configuration asks.
  package func classWeights(_ wish: Configuration.Loss.ClassWeights) throws -> [Float] {
    switch wish {
    case .none: return classPixels.map { _ in 1 }
    case .medianFrequency: return medianFrequencyWeights
    case .squareRootMedianFrequency: return medianFrequencyWeights.map { $0.squareRoot() }
    case .values(let values):
      guard values.count == classPixels.count else {
        throw Failure(
          .configuration,
          "loss.class_weights has \(values.count) values, and the dataset has \(classPixels.count) classes",
          remedy: "give one weight per class")
      }
      return values
    }
  }

  private static func add(
    _ pixels: SamplePixels, channels: Int, to sums: inout [Double], _ squares: inout [Double]
  ) {
    func run<T>(_ values: [T], _ number: (T) -> Double) {
      for c in 0..<channels {
        var sum = 0.0
        var square = 0.0
        for i in stride(from: c, to: values.count, by: channels) {
          let value = number(values[i])
          sum += value
          square += value * value
        }
        sums[c] += sum
        squares[c] += square
      }
    }
    switch pixels {
    case .uint8(let values): run(values, Double.init)
    case .uint16(let values): run(values, Double.init)
    case .float32(let values): run(values, Double.init)
    }
  }

  private static func count(_ labels: [UInt16], classes: Int) -> [Int64] {
    var counts = [Int64](repeating: 0, count: classes)
    for label in labels where Int(label) < classes { counts[Int(label)] += 1 }
    return counts
  }
}
