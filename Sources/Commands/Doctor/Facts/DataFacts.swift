import Basics
import Foundation
import SegmentationData

/// What a rank finds in the dataset's folder.
package struct DataFacts: Codable, Equatable, Sendable {
  /// "train: 367 samples, val: 101 samples".
  package var contents: String
  package var classCount: Int
  package var channels: Int
  /// Of the training split.
  package var sampleCount: Int
  /// Equal where the data are.
  package var fingerprint: String
  package var mount: MountPoint?
  /// Samples that were read and checked, in so many seconds.
  package var readCount = 0
  package var readByteCount = 0
  package var readSeconds = 0.0
  /// How much of it came from the disk or the network; the rest was in memory already. nil where the system does not
  /// say.
  package var storedByteCount: Int?
  /// What looks wrong with the labels; empty too where nobody counted them yet.
  package var labelWarnings: [String] = []

  package init(
    contents: String, classCount: Int, channels: Int, sampleCount: Int, fingerprint: String, mount: MountPoint? = nil
  ) {
    self.contents = contents
    self.classCount = classCount
    self.channels = channels
    self.sampleCount = sampleCount
    self.fingerprint = fingerprint
    self.mount = mount
  }

  /// Reads for so long, and at least a few samples.
  private static let seconds = 0.4
  private static let leastCount = 4

  /// - Parameters:
  ///   - rank: which samples are read: other ranks read others.
  /// - Throws: what is wrong with the dataset, or with a sample.
  static func examine(_ training: Dataset, folder: String, rank: Int, ranks: Int) throws -> DataFacts {
    var contents: [String] = []
    var fingerprint = training.fingerprint
    var counts = [training.statedLabelCounts]
    for split in try Dataset.splits(in: folder) {
      let dataset = split == "train" ? training : try Dataset(folder: folder, split: split)
      contents.append("\(split) \(counted(dataset.sampleCount, "sample"))")
      if split == "train" { continue }
      fingerprint += " \(split) \(dataset.fingerprint)"
      if split == "val" { counts.append(dataset.statedLabelCounts) }
      if split == "val", dataset.info.classNames != training.info.classNames {
        throw Failure(
          .badData, "the splits train and val in \(folder) do not have the same classes",
          remedy: "import both splits from one source")
      }
    }
    var facts = DataFacts(
      contents: contents.joined(separator: ", "), classCount: training.info.classCount,
      channels: training.info.channels, sampleCount: training.sampleCount, fingerprint: fingerprint,
      mount: MountPoint.holding(folder))
    try facts.read(training, rank: rank, ranks: ranks)
    facts.labelWarnings = LabelSense.warnings(counts.compactMap { $0 })
    return facts
  }

  private mutating func read(_ dataset: Dataset, rank: Int, ranks: Int) throws {
    let start = ProcessEnvironment.monotonicSeconds
    let before = Self.bytesFromStorage()
    var raw = RawSample()
    // Steps that visit all places, in an order no disk has foreseen.
    let stride = max(1, dataset.sampleCount * 5 / 13) | 1
    var place = (rank * dataset.sampleCount / max(1, ranks)) % dataset.sampleCount
    while readCount < Self.leastCount || ProcessEnvironment.monotonicSeconds - start < Self.seconds {
      if readCount >= dataset.sampleCount { break }
      try dataset.read(place, into: &raw)
      readByteCount += raw.height * raw.width * (raw.channels * dataset.pixelKind(place).byteCount + 1)
      readCount += 1
      place = (place + stride) % dataset.sampleCount
    }
    readSeconds = ProcessEnvironment.monotonicSeconds - start
    if let before, let after = Self.bytesFromStorage() { storedByteCount = after - before }
  }

  /// What this process has made the system read from disks so far.
  private static func bytesFromStorage() -> Int? {
    let lines = (SystemFile.text("/proc/self/io") ?? "").split(separator: "\n")
    return lines.first { $0.hasPrefix("read_bytes:") }?.split(separator: " ").last.flatMap { Int($0) }
  }
}
