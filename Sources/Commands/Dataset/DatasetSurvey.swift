import Basics
import SegmentationData

/// What a pass over all labels of a split finds.
struct DatasetSurvey {
  let info: DatasetInfo
  /// Pixels of every class.
  private(set) var classPixels: [Int64]
  /// Pixels of the images in which a class occurs, those of no class left out.
  private(set) var presentPixels: [Int64]
  private(set) var ignoredPixels: Int64 = 0
  private(set) var imageCount = 0
  private(set) var sizes: [String: Int] = [:]
  private(set) var smallest: (height: Int, width: Int)?
  private(set) var largest: (height: Int, width: Int)?

  init(_ info: DatasetInfo) {
    self.info = info
    classPixels = [Int64](repeating: 0, count: info.classCount)
    presentPixels = classPixels
  }

  /// - Parameter counts: pixels of every class, then of no class.
  mutating func add(_ counts: [Int64], height: Int, width: Int) {
    let labelled = counts.dropLast().reduce(0, +)
    for label in 0..<info.classCount where counts[label] > 0 {
      classPixels[label] += counts[label]
      presentPixels[label] += labelled
    }
    ignoredPixels += counts[info.classCount]
    imageCount += 1
    sizes["\(width) x \(height)", default: 0] += 1
    if height * width < smallest.map({ $0.height * $0.width }) ?? .max { smallest = (height, width) }
    if height * width > largest.map({ $0.height * $0.width }) ?? 0 { largest = (height, width) }
  }

  static func counts(of sample: RawSample, _ info: DatasetInfo) -> [Int64] {
    var counts = [Int64](repeating: 0, count: info.classCount + 1)
    for label in sample.labels { counts[min(Int(label), info.classCount)] += 1 }
    return counts
  }

  var labelledPixels: Int64 { classPixels.reduce(0, +) }

  /// median frequency / frequency of each class, where a class's frequency is its share of the pixels of the images in
  /// which it occurs (Eigen and Fergus, ICCV 2015); nil for a class that does not occur.
  var medianFrequencyWeights: [Double?] {
    let frequencies = zip(classPixels, presentPixels).map { $1 > 0 ? Double($0) / Double($1) : nil }
    let sorted = frequencies.compactMap { $0 }.sorted()
    guard !sorted.isEmpty else { return frequencies }
    let middle = sorted.count / 2
    let median = sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
    return frequencies.map { $0.map { median / $0 } }
  }
}
