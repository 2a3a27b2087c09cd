import Basics

/// What the samples of a split have in common (docs/formats.md section 3).
package struct DatasetInfo: Equatable, Sendable {
  package var split: String
  package var task: VisionTask
  package var classNames: [String]
  /// Red, green and blue of the labels 0 ... 255: 768 numbers.
  package var palette: [UInt8]
  /// The label that stands for "no class"; -1 where no label does.
  package var ignoreLabel: Int
  /// Of an image.
  package var channels: Int
  package var sampleCount: Int

  package init(
    split: String, task: VisionTask = .semantic, classNames: [String], palette: [UInt8], ignoreLabel: Int = 255,
    channels: Int = 3, sampleCount: Int = 0
  ) {
    self.split = split
    self.task = task
    self.classNames = classNames
    self.palette = palette
    self.ignoreLabel = ignoreLabel
    self.channels = channels
    self.sampleCount = sampleCount
  }

  package var classCount: Int { classNames.count }

  /// The ignore label as labels in memory have it. No class is ever numbered 65,535. An instance is never ignored by
  /// its class.
  package var ignoreValue: UInt16 { task == .instances ? .max : UInt16(exactly: ignoreLabel) ?? .max }

  /// The most classes that labels of 16 bits can tell apart beside the ignore label.
  package static let maximumClassCount = 65_535
  package static let maximumChannelCount = 4096
}
