import Basics
import CVector

/// A split of a dataset: all its shards, opened and checked for completeness. Pixels stay on disk.
package final class Dataset: Sendable {
  package let folder: String
  package let info: DatasetInfo
  private let files: [ShardFile]
  private let entries: [SampleEntry]
  /// Of each file.
  private let instances: [InstanceTable?]
  /// How often each class occurs, if all shards state it.
  package let statedLabelCounts: LabelCounts?

  /// - Throws: `Failure` that names the folder, the file or the key: no such folder or split, a missing shard, shards
  ///   that do not belong together, a key without image or label, no samples at all.
  package init(folder: String, split: String) throws {
    let names = try Self.shards(of: split, in: folder)
    var files: [ShardFile] = []
    var entries: [SampleEntry] = []
    var instances: [InstanceTable?] = []
    var common: DatasetInfo?
    var counts: [LabelCounts?] = []
    for name in names {
      let path = "\(folder)/\(name.fileName)"
      let index = try ShardIndex(path: path, name: name)
      files.append(try ShardFile(path: path))
      entries += index.entries
      instances.append(index.instances)
      counts.append(index.labelCounts)
      var info = index.info
      info.sampleCount = 0
      guard common == nil || common == info else {
        throw Failure(
          .badData, "\(path) differs from \(files[0].path) in its task, classes, palette, ignore label or channels",
          remedy: "the shards are of different datasets: import again into an empty folder")
      }
      common = info
    }
    guard var info = common, !entries.isEmpty else {
      throw Failure(.badData, "split '\(split)' in \(folder) has no samples")
    }
    info.sampleCount = entries.count
    try Self.checkKeysDiffer(entries, files)
    self.folder = folder
    self.info = info
    self.files = files
    self.entries = entries
    self.instances = instances
    let known = counts.compactMap { $0 }
    statedLabelCounts =
      known.count == counts.count ? known.reduce(into: LabelCounts(info)) { $0.add($1) } : nil
  }

  /// The splits that a folder has shards of, sorted.
  package static func splits(in folder: String) throws -> [String] {
    try ShardName.all(in: folder).reduce(into: []) { splits, shard in
      if splits.last != shard.split { splits.append(shard.split) }
    }
  }

  package var sampleCount: Int { entries.count }
  /// The files, in the order of the samples.
  package var shardPaths: [String] { files.map(\.path) }
  /// The key of sample `index`, unique in the dataset.
  package func key(_ index: Int) -> String { entries[index].key }
  /// Height and width of sample `index`, in pixels.
  package func size(_ index: Int) -> (height: Int, width: Int) { (entries[index].height, entries[index].width) }
  /// How the pixels of sample `index` are stored.
  package func pixelKind(_ index: Int) -> PixelKind { entries[index].kind }
  /// The file that a sample is in.
  package func path(_ index: Int) -> String { files[entries[index].shard].path }

  /// A digest over classes, keys, sizes and checksums: equal where the data are. Not cryptographic.
  package var fingerprint: String {
    var digest = Philox.mixed(UInt64(entries.count))
    func add(_ value: UInt64) { digest = Philox.mixed(digest ^ value) &+ 0x9E37_79B9_7F4A_7C15 }
    add(UInt64(info.classCount) << 32 | UInt64(info.channels))
    add(UInt64(info.ignoreValue))
    if info.task != .semantic { add(UInt64(CRC32C.checksum(Array(info.task.rawValue.utf8)))) }
    for entry in entries {
      add(UInt64(CRC32C.checksum(Array(entry.key.utf8))) << 32 | UInt64(entry.height))
      add(UInt64(entry.width) << 32 | UInt64(entry.kind.byteCount))
      add(UInt64(entry.imageChecksum) << 32 | UInt64(entry.labelChecksum))
    }
    let digits = String(digest, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }

  /// Reads and checks a sample. May be called by several threads at once.
  package func read(_ index: Int) throws -> RawSample {
    var raw = RawSample()
    try read(index, into: &raw)
    return raw
  }

  /// As `read`, using the memory of a sample that is no longer needed.
  ///
  /// - Throws: `Failure` naming file and key: the bytes do not match their checksum, a label is no class (with pixel
  ///   and value), an image value is not finite.
  package func read(_ index: Int, into raw: inout RawSample) throws {
    let entry = entries[index]
    let file = files[entry.shard]
    try readLabels(entry, file, into: &raw)
    let count = entry.height * entry.width * info.channels
    switch (entry.kind, raw.pixels) {
    case (.uint8, .uint8(var values)):
      raw.pixels = .uint8([])
      try readImage(entry, file, &values, count, filler: 0)
      raw.pixels = .uint8(values)
    case (.uint16, .uint16(var values)):
      raw.pixels = .uint16([])
      try readImage(entry, file, &values, count, filler: 0)
      raw.pixels = .uint16(values)
    case (.float32, .float32(var values)):
      raw.pixels = .float32([])
      try readImage(entry, file, &values, count, filler: 0)
      try checkFinite(values, entry, file)
      raw.pixels = .float32(values)
    case (let kind, _):
      raw.pixels = kind == .uint8 ? .uint8([]) : kind == .uint16 ? .uint16([]) : .float32([])
      return try read(index, into: &raw)
    }
    raw.channels = info.channels
  }

  /// Reads and checks a sample's label alone: `raw.pixels` is left as it is.
  package func readLabels(_ index: Int, into raw: inout RawSample) throws {
    try readLabels(entries[index], files[entries[index].shard], into: &raw)
  }

  private func readImage<Value>(
    _ entry: SampleEntry, _ file: ShardFile, _ values: inout [Value], _ count: Int, filler: Value
  ) throws {
    if values.count != count { values = [Value](repeating: filler, count: count) }
    try values.withUnsafeMutableBytes { buffer in
      try file.read(into: buffer, at: entry.imageOffset, "image '\(entry.key)'")
      try entry.check(CRC32C.checksum(UnsafeRawBufferPointer(buffer)), of: .image, in: file)
    }
  }

  private func readLabels(_ entry: SampleEntry, _ file: ShardFile, into raw: inout RawSample) throws {
    raw.key = entry.key
    raw.task = info.task
    raw.height = entry.height
    raw.width = entry.width
    switch entry.label {
    case .instances(let own):
      raw.labels = []
      raw.instances = try instances[entry.shard]?.read(own, of: entry, from: file, classCount: info.classCount)
    case .values(let offset, let count, let isWide):
      try readLabels(entry, file, offset, count, isWide: isWide, into: &raw)
    }
  }

  private func readLabels(
    _ entry: SampleEntry, _ file: ShardFile, _ offset: Int, _ count: Int, isWide: Bool, into raw: inout RawSample
  ) throws {
    raw.instances = nil
    if raw.labels.count != count { raw.labels = [UInt16](repeating: 0, count: count) }
    if isWide {
      try raw.labels.withUnsafeMutableBytes { buffer in
        try file.read(into: buffer, at: offset, "label '\(entry.key)'")
        try entry.check(CRC32C.checksum(UnsafeRawBufferPointer(buffer)), of: .label, in: file)
      }
    } else {
      if raw.labelBytes.count != count { raw.labelBytes = [UInt8](repeating: 0, count: count) }
      try raw.labelBytes.withUnsafeMutableBytes { buffer in
        try file.read(into: buffer, at: offset, "label '\(entry.key)'")
        try entry.check(CRC32C.checksum(UnsafeRawBufferPointer(buffer)), of: .label, in: file)
      }
      cvector_widen_u8(raw.labelBytes, &raw.labels, count)
    }
    try LabelCheck(info).check(raw.labels, width: entry.width, "\(file.path): label '\(entry.key)'")
  }

  private func checkFinite(_ values: [Float], _ entry: SampleEntry, _ file: ShardFile) throws {
    let place = cvector_first_not_finite(values, values.count)
    guard place < values.count else { return }
    let pixel = place / info.channels
    throw Failure(
      .badData,
      "\(file.path): image '\(entry.key)' has the value \(values[place]) at row \(pixel / entry.width), "
        + "column \(pixel % entry.width), channel \(place % info.channels)",
      remedy: "fill such pixels with a number, and label them as ignored")
  }

  private static func shards(of split: String, in folder: String) throws -> [ShardName] {
    let all = try ShardName.all(in: folder)
    let names = all.filter { $0.split == split }
    guard let first = names.first, let last = names.last else {
      let others = Set(all.map(\.split)).sorted().joined(separator: ", ")
      throw Failure(
        .missingInput, "there are no shards of split '\(split)' in \(folder)",
        remedy: others.isEmpty
          ? "make a dataset with `fcn-dist dataset import` or `fcn-dist dataset synthesize`" : "it has: \(others)")
    }
    guard first.count == last.count else {
      throw Failure(
        .badData, "\(folder) has shards of \(first.count) and of \(last.count) for split '\(split)'",
        remedy: "keep those of one import")
    }
    for index in 0..<first.count where !names.contains(ShardName(split: split, index: index, count: first.count)) {
      let missing = ShardName(split: split, index: index, count: first.count)
      throw Failure(
        .badData, "\(folder)/\(missing.fileName) is missing, \(names.count) of \(first.count) shards are there",
        remedy: "copy it or import the dataset again")
    }
    guard names.count == first.count else {
      throw Failure(.badData, "\(folder)/\(last.fileName): a shard beyond the \(first.count) that there can be")
    }
    return names
  }

  private static func checkKeysDiffer(_ entries: [SampleEntry], _ files: [ShardFile]) throws {
    var places: [String: Int] = [:]
    for entry in entries {
      if let other = places.updateValue(entry.shard, forKey: entry.key) {
        throw Failure(
          .badData,
          "key '\(entry.key)' is twice in the split, in \(files[other].path) and in \(files[entry.shard].path)")
      }
    }
  }
}

/// Whether labels are classes.
struct LabelCheck {
  private let info: DatasetInfo

  init(_ info: DatasetInfo) { self.info = info }

  /// - Parameter name: file and key, for the message.
  /// - Throws: `Failure(.badData)` with the first pixel that is neither a class nor ignored.
  func check(_ labels: [UInt16], width: Int, _ name: @autoclosure () -> String) throws {
    let place = cvector_first_invalid_label(
      labels, labels.count, UInt32(info.classCount), UInt32(info.ignoreLabel < 0 ? 65_536 : info.ignoreLabel))
    guard place < labels.count else { return }
    let ignored = info.ignoreLabel < 0 ? "nothing" : "\(info.ignoreLabel)"
    let pixel = labels.count == 1 ? "" : " at row \(place / width), column \(place % width)"
    throw Failure(
      .badData,
      "\(name()) has the value \(labels[place])\(pixel), "
        + "where classes are 0 to \(info.classCount - 1) and \(ignored) is ignored",
      remedy: "correct the label, or state the number of classes that there are")
  }
}
