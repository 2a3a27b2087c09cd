import Basics

/// How often each class occurs in a split.
package struct LabelCounts: Codable, Equatable, Sendable {
  package let split: String
  package let task: VisionTask
  package let classNames: [String]
  /// Pixels of each class; images, where an image as a whole has one; instances but crowds, where they have.
  package internal(set) var pixelCounts: [Int]
  package internal(set) var ignoredCount: Int

  package init(
    split: String, task: VisionTask = .semantic, classNames: [String], pixelCounts: [Int], ignoredCount: Int
  ) {
    self.split = split
    self.task = task
    self.classNames = classNames
    self.pixelCounts = pixelCounts
    self.ignoredCount = ignoredCount
  }

  /// Nothing yet.
  init(_ info: DatasetInfo) {
    self.init(
      split: info.split, task: info.task, classNames: info.classNames,
      pixelCounts: [Int](repeating: 0, count: info.classCount),
      ignoredCount: 0)
  }

  package init(_ info: DatasetInfo, _ statistics: DatasetStatistics) {
    self.init(
      split: info.split, task: info.task, classNames: info.classNames, pixelCounts: statistics.pixelCounts,
      ignoredCount: statistics.ignoredPixelCount)
  }

  /// Those that the shards state, else those found by reading all labels.
  package static func read(_ dataset: Dataset, threads: Int) throws -> LabelCounts {
    if let counts = dataset.statedLabelCounts { return counts }
    return LabelCounts(
      dataset.info, try DatasetStatistics.compute(dataset, includingPixels: false, threads: threads))
  }

  package var labelledCount: Int { pixelCounts.reduce(0, +) }
  /// The classes that occur.
  package var occurring: [Int] { pixelCounts.indices.filter { pixelCounts[$0] > 0 } }

  /// Adds labels that were checked.
  mutating func add(_ labels: [UInt16], ignoring ignored: UInt16) {
    for label in labels {
      if label == ignored { ignoredCount += 1 } else { pixelCounts[Int(label)] += 1 }
    }
  }

  mutating func add(_ other: LabelCounts) {
    ignoredCount += other.ignoredCount
    for index in pixelCounts.indices { pixelCounts[index] += other.pixelCounts[index] }
  }

  /// As a shard has them: of each class, then of no class.
  var stored: [Int64] { (pixelCounts + [ignoredCount]).map { Int64($0) } }

  /// nil: the numbers cannot be counts of these classes.
  init?(_ info: DatasetInfo, stored: [Int64]) {
    guard stored.count == info.classCount + 1, stored.allSatisfy({ $0 >= 0 && $0 < 1 << 53 }) else { return nil }
    self.init(
      split: info.split, task: info.task, classNames: info.classNames, pixelCounts: stored.dropLast().map { Int($0) },
      ignoredCount: Int(stored[info.classCount]))
  }
}
