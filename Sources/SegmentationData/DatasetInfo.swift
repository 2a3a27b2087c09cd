/// What the samples of a split have in common (docs/formats.md section 3).
package struct DatasetInfo: Equatable, Sendable {
  package var split: String
  package var classNames: [String]
  /// Red, green and blue of the labels 0 ... 255: 768 numbers.
  package var palette: [UInt8]
  /// The label that stands for "no class"; -1 where no label does.
  package var ignoreLabel: Int
  /// Of an image.
  package var channels: Int
  package var sampleCount: Int

  package init(
    split: String, classNames: [String], palette: [UInt8], ignoreLabel: Int = 255, channels: Int = 3,
    sampleCount: Int = 0
  ) {
    self.split = split
    self.classNames = classNames
    self.palette = palette
    self.ignoreLabel = ignoreLabel
    self.channels = channels
    self.sampleCount = sampleCount
  }

  package var classCount: Int { classNames.count }

  /// The ignore label as labels in memory have it. No class is ever numbered 65,535.
  package var ignoreValue: UInt16 { UInt16(exactly: ignoreLabel) ?? .max }

  /// The most classes that labels of 16 bits can tell apart beside the ignore label.
  package static let maximumClassCount = 65_535
  package static let maximumChannelCount = 4096
}

/// What a sample is called: one or more of A-Z a-z 0-9 . _ - (and not "." or "..", which mean something else).
package enum SampleKey {
  /// Whether a key may stand in a shard (docs/formats.md section 3).
  package static func isValid(_ key: String) -> Bool {
    !key.isEmpty && key != "." && key != ".." && key.utf8.allSatisfy(isAllowed)
  }

  /// A key made of a file's name without its ending; other characters become "_".
  package static func make(fromFileName name: String) -> String {
    let file = name.split(separator: "/").last.map(String.init) ?? name
    let stem = file.lastIndex(of: ".").flatMap { $0 == file.startIndex ? nil : String(file[..<$0]) } ?? file
    let bytes = stem.utf8.map { isAllowed($0) ? $0 : UInt8(ascii: "_") }
    let key = String(decoding: bytes, as: UTF8.self)
    return isValid(key) ? key : "_" + key
  }

  private static func isAllowed(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
      true
    default: false
    }
  }
}
