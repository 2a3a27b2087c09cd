import Basics
import Storage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Writes one shard (docs/formats.md section 3) under a temporary name; `publish()` gives it its own. What is not
/// published is removed.
package final class ShardWriter {
  /// Where the shard will be.
  package let path: String
  private let info: DatasetInfo
  private let temporary: String
  private let file: HDF5File
  private let images: HDF5Group
  /// nil: images as a whole, or things, have the classes.
  private let labels: HDF5Group?
  private var imageLabels: [UInt16] = []
  private var instances = InstanceColumns()
  private let palette: HDF5Dataset
  private var keys: [String] = []
  private var knownKeys: Set<String> = []
  private var checksums: [UInt32] = []
  /// Of the samples so far.
  private(set) var labelCounts: LabelCounts
  private var isPublished = false

  /// - Throws: `Failure(.cannotCreate)` if the shard exists or the folder cannot be written.
  package init(folder: String, info: DatasetInfo, shard: Int, of count: Int) throws {
    guard info.palette.count == 768, (1...DatasetInfo.maximumClassCount).contains(info.classCount),
      (-1...65_535).contains(info.ignoreLabel), (0..<count).contains(shard), SampleKey.isValid(info.split)
    else { throw Failure(.internalError, "a shard cannot be written for \(info)") }
    path = folder + "/" + ShardName(split: info.split, index: shard, count: count).fileName
    guard access(path, F_OK) != 0 else {
      throw Failure(.cannotCreate, "\(path) exists already", remedy: "choose another folder, or remove it first")
    }
    self.info = info
    labelCounts = LabelCounts(info)
    temporary = FileBytes.temporaryPath(for: path)
    file = try HDF5File.create(temporary)
    images = try file.root.createGroup("images")
    labels = try info.task == .semantic ? file.root.createGroup("labels") : nil
    // Images and labels have their own checksums; these small tables get the library's.
    try file.root.writeStrings("class_names", info.classNames, options: .chunked(fletcher32: true))
    palette = try file.root.write("palette", info.palette, shape: [256, 3], options: .chunked(fletcher32: true))
    try palette.markAsPalette()
    let root = file.root
    try root.setAttribute("format", "fcn-dist-dataset")
    try root.setAttribute("version", Int64(1))
    if info.task != .semantic { try root.setAttribute("task", info.task.rawValue) }
    try root.setAttribute("split", info.split)
    try root.setAttribute("shard", Int64(shard))
    try root.setAttribute("shards", Int64(count))
    try root.setAttribute("classes", Int64(info.classCount))
    try root.setAttribute("ignore_label", Int64(info.ignoreLabel))
    try root.setAttribute("channels", Int64(info.channels))
  }

  deinit {
    guard !isPublished else { return }
    try? file.close()
    unlink(temporary)
  }

  /// - Throws: `Failure(.badData)` if the key is taken or not one, a size does not fit, or a label is no class.
  package func append(_ sample: RawSample) throws {
    guard SampleKey.isValid(sample.key) else {
      throw Failure(.badData, "\(path): \(sample.key.debugDescription) is not a key (A-Z a-z 0-9 . _ -)")
    }
    guard knownKeys.insert(sample.key).inserted else {
      throw Failure(.badData, "\(path): key '\(sample.key)' comes twice")
    }
    let pixelCount = sample.height * sample.width
    let labelCount =
      switch info.task {
      case .semantic: pixelCount
      case .classification: 1
      case .instances: 0
      }
    guard sample.channels == info.channels, pixelCount > 0, sample.labels.count == labelCount,
      sample.pixels.count == pixelCount * info.channels, (sample.instances != nil) == (info.task == .instances)
    else {
      throw Failure(
        .badData,
        "\(path): sample '\(sample.key)' has \(sample.pixels.count) image values and "
          + "\(sample.labels.count) labels for \(sample.height) x \(sample.width) x \(info.channels)")
    }
    try LabelCheck(info).check(sample.labels, width: sample.width, "\(path): label '\(sample.key)'")
    try sample.instances?.check(
      height: sample.height, width: sample.width, classCount: info.classCount,
      "\(path): instances of '\(sample.key)'")
    try writeImage(sample)
    try writeLabels(sample)
    labelCounts.add(sample.countedLabels(ignored: info.ignoreValue), ignoring: info.ignoreValue)
    keys.append(sample.key)
  }

  private func writeImage(_ sample: RawSample) throws {
    let shape = [sample.height, sample.width, sample.channels]
    switch sample.pixels {
    case .uint8(let values):
      let image = try images.write(sample.key, values, shape: shape)
      if sample.channels == 3 { try image.markAsTrueColorImage() }
    case .uint16(let values): try images.write(sample.key, values, shape: shape)
    case .float32(let values): try images.write(sample.key, values, shape: shape)
    }
    checksums.append(sample.pixels.withUnsafeBytes { CRC32C.checksum($0) })
  }

  private func writeLabels(_ sample: RawSample) throws {
    if let own = sample.instances {
      instances.append(own)
      checksums.append(own.checksum)
      return
    }
    guard let labels else {
      imageLabels += sample.labels
      checksums.append(CRC32C.checksum(sample.labels))
      return
    }
    let shape = [sample.height, sample.width]
    let dataset: HDF5Dataset
    if info.classCount <= 256 && info.ignoreLabel <= 255 {
      let bytes = sample.labels.map { UInt8(truncatingIfNeeded: $0) }
      dataset = try labels.write(sample.key, bytes, shape: shape)
      checksums.append(CRC32C.checksum(bytes))
    } else {
      dataset = try labels.write(sample.key, sample.labels, shape: shape)
      checksums.append(CRC32C.checksum(sample.labels))
    }
    try dataset.markAsIndexedImage(palette: palette)
  }

  /// Writes what is left and closes the file, still under its temporary name. To be called once.
  package func finish() throws {
    switch info.task {
    case .semantic: break
    case .classification: try file.root.write("labels", imageLabels, shape: [imageLabels.count])
    case .instances:
      try instances.write(into: try file.root.createGroup("instances"))
      // Finished shards wait for the others.
      instances = InstanceColumns()
    }
    try file.root.writeStrings("keys", keys, options: .chunked(fletcher32: true))
    try file.root.write("crc32c", checksums, shape: [keys.count, 2], options: .chunked(fletcher32: true))
    try file.root.write(
      "pixel_counts", labelCounts.stored, shape: [info.classCount + 1], options: .chunked(fletcher32: true))
    try file.root.setAttribute("samples", Int64(keys.count))
    try file.close()
  }

  /// Makes a finished shard durable and gives it its name.
  package func publish() throws {
    try FileBytes.commit(temporary, as: path)
    isPublished = true
  }

  /// Removes the shard if it was published.
  package func withdraw() {
    if isPublished { unlink(path) }
  }
}
