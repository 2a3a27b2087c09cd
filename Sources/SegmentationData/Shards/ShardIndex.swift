import Basics
import Storage

/// Where a sample lies: its shard, its form, its bytes, their checksums.
struct SampleEntry: Sendable {
  let key: String
  let shard: Int
  let height: Int
  let width: Int
  let kind: PixelKind
  let imageOffset: Int
  let imageChecksum: UInt32
  let label: ShardLabels.Place
  let labelChecksum: UInt32

  /// What a checksum is of.
  enum Part: String { case image, label }

  /// - Throws: `Failure(.badData)` naming file and key where the bytes are not those that were stored.
  func check(_ computed: UInt32, of part: Part, in file: ShardFile) throws {
    let stored = part == .image ? imageChecksum : labelChecksum
    guard computed != stored else { return }
    throw Failure(
      .badData,
      "\(file.path): \(part.rawValue) '\(key)' is damaged: its CRC-32C is \(String(computed, radix: 16)), "
        + "\(String(stored, radix: 16)) was stored", remedy: "copy the file or import the dataset again")
  }
}

/// Reads what a shard says of itself, and where its samples lie (docs/formats.md section 3).
struct ShardIndex {
  let info: DatasetInfo
  let entries: [SampleEntry]
  /// Where the task is to find them.
  let instances: InstanceTable?
  /// nil: the shard does not say.
  let labelCounts: LabelCounts?

  private let path: String
  private static let damaged = "the file is damaged or unfinished: copy it or import the dataset again"

  /// - Throws: `Failure` naming the file and, where it is about one, the key.
  init(path: String, name: ShardName) throws {
    self.path = path
    let file = try HDF5File.open(path)
    let root = file.root
    info = try Self.info(path, root, name)
    let keys = try root.dataset("keys").readStrings()
    guard root.contains("crc32c") else {
      throw Failure(
        .badData, "\(path) has no /crc32c: the checksums of images and labels",
        remedy: Self.mending(path)
          + "; the checksums are f.create_dataset('crc32c', data=[[crc(image), crc(label)], …], "
          + "dtype='uint32') with crc = lambda array: google_crc32c.value(array.tobytes())")
    }
    let table = try root.dataset("crc32c")
    guard keys.count == info.sampleCount, table.shape == [keys.count, 2] else {
      throw Failure(
        .badData, "\(path) states \(info.sampleCount) samples, has \(keys.count) keys and checksums \(table.shape)",
        remedy: Self.damaged)
    }
    let checksums = try table.read(as: UInt32.self)
    let images = keys.isEmpty ? root : try root.group("images")
    let labels = keys.isEmpty ? nil : try ShardLabels(root, info, path)
    instances = labels?.instances
    var entries: [SampleEntry] = []
    entries.reserveCapacity(keys.count)
    for (index, key) in keys.enumerated() {
      guard SampleKey.isValid(key) else {
        throw Failure(.badData, "\(path): \(key.debugDescription) is not a key (A-Z a-z 0-9 . _ -)")
      }
      let image = try Self.dataset(key, of: "image", in: images, path)
      entries.append(
        try Self.entry(
          key, name.index, image, channels: info.channels, { try labels?.place(index, key, shape: image.shape) },
          (checksums[2 * index], checksums[2 * index + 1]), path))
    }
    self.entries = entries
    labelCounts = try Self.labelCounts(root, info)
    try file.close()
  }

  private static func info(_ path: String, _ root: HDF5Group, _ name: ShardName) throws -> DatasetInfo {
    guard try root.stringAttribute("format") == "fcn-dist-dataset" else {
      throw Failure(.badData, "\(path) is HDF5, but not a shard of a fcn-dist dataset")
    }
    let version = try root.integerAttribute("version")
    guard version == 1 else {
      throw Failure(.badData, "\(path) is of version \(version), this program reads version 1")
    }
    let stated = ShardName(
      split: try root.stringAttribute("split"), index: Int(try root.integerAttribute("shard")),
      count: Int(try root.integerAttribute("shards")))
    guard stated == name else {
      throw Failure(
        .badData, "\(path) says that it is shard \(stated.index) of \(stated.count) of split '\(stated.split)'",
        remedy: "give the file its own name back: \(stated.fileName)")
    }
    let classNames = try root.dataset("class_names").readStrings()
    let palette = try root.dataset("palette")
    guard palette.shape == [256, 3] else {
      throw Failure(.badData, "\(path): /palette is \(palette.shape), not [256, 3]")
    }
    let info = DatasetInfo(
      split: name.split, task: try task(path, root), classNames: classNames, palette: try palette.read(as: UInt8.self),
      ignoreLabel: Int(try root.integerAttribute("ignore_label")),
      channels: Int(try root.integerAttribute("channels")), sampleCount: Int(try root.integerAttribute("samples")))
    let classes = try root.integerAttribute("classes")
    guard (1...DatasetInfo.maximumClassCount).contains(Int(classes)), classNames.count == Int(classes) else {
      throw Failure(.badData, "\(path): classes is \(classes), and there are \(classNames.count) class names")
    }
    guard (-1...65_535).contains(info.ignoreLabel), (1...DatasetInfo.maximumChannelCount).contains(info.channels),
      info.sampleCount >= 0
    else {
      throw Failure(
        .badData,
        "\(path): ignore_label \(info.ignoreLabel), channels \(info.channels), samples \(info.sampleCount) cannot be")
    }
    return info
  }

  private static func task(_ path: String, _ root: HDF5Group) throws -> VisionTask {
    guard root.hasAttribute("task") else { return .semantic }
    let name = try root.stringAttribute("task")
    guard let task = VisionTask(rawValue: name) else {
      throw Failure(
        .badData, "\(path) is a dataset for the task '\(name)', which this program does not have",
        remedy: "it has: " + VisionTask.allCases.map(\.rawValue).joined(separator: ", "))
    }
    return task
  }

  private static func labelCounts(_ root: HDF5Group, _ info: DatasetInfo) throws -> LabelCounts? {
    guard root.contains("pixel_counts") else { return nil }
    let dataset = try root.dataset("pixel_counts")
    guard dataset.shape == [info.classCount + 1] else { return nil }
    return LabelCounts(info, stored: try dataset.read(as: Int64.self))
  }

  static func dataset(_ key: String, of kind: String, in group: HDF5Group, _ path: String) throws -> HDF5Dataset {
    do { return try group.dataset(key) } catch let failure as Failure {
      throw Failure(
        .badData, "\(path): key '\(key)' has no \(kind) that can be opened (\(failure.message))", remedy: damaged)
    }
  }

  private static func entry(
    _ key: String, _ shard: Int, _ image: HDF5Dataset, channels: Int, _ label: () throws -> ShardLabels.Place?,
    _ checksums: (UInt32, UInt32), _ path: String
  ) throws -> SampleEntry {
    let form = image.shape
    guard form.count == 3, form[2] == channels, form[0] > 0, form[1] > 0 else {
      throw Failure(.badData, "\(path): image '\(key)' is \(form), not [height, width, \(channels)]")
    }
    guard let kind = PixelKind(rawValue: image.type.rawValue) else {
      throw Failure(
        .badData, "\(path): image '\(key)' holds \(image.type.rawValue) values, not uint8, uint16 or float32",
        remedy: mending(path))
    }
    guard let label = try label() else { preconditionFailure("a shard with samples has labels") }
    return SampleEntry(
      key: key, shard: shard, height: form[0], width: form[1], kind: kind,
      imageOffset: try offset(of: image, "image", key, path), imageChecksum: checksums.0,
      label: label, labelChecksum: checksums.1)
  }

  /// What helps against arrays that were stored in another way than docs/formats.md has it.
  static func mending(_ path: String) -> String {
    "in h5py write f.create_dataset('images/' + key, data=image) and f.create_dataset('labels/' + key, "
      + "data=label.astype('uint8')), with neither chunks nor compression; or let \(conversion(path)) convert the files"
  }

  /// The command that makes a dataset of all shards in a file's folder, whatever they lack.
  static func conversion(_ path: String) -> String {
    let name = path.split(separator: "/").last.map(String.init) ?? path
    let split = name.split(separator: "-").first.map(String.init) ?? name
    let pattern = path.dropLast(name.count) + name.replacing(split, with: "{split}", maxReplacements: 1)
    return "`fcn-dist dataset import hdf5 '\(pattern)' --image images --label labels --output NEW`"
  }

  static func offset(of dataset: HDF5Dataset, _ kind: String, _ key: String, _ path: String) throws -> Int {
    if let offset = dataset.fileOffset { return offset }
    throw Failure(
      .badData,
      "\(path): \(kind) '\(key)' does not lie in the file in one piece of little-endian numbers (chunked, compressed, "
        + "big-endian, never written or cut off)", remedy: mending(path))
  }
}
