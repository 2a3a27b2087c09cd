import Basics
import ImageFiles

/// Any images and labels: folders `images` and `labels` with equal stems (of the source, or of its folder named for the
/// split), or a list file of `image label` pairs a line. Labels are grey or palette PNG whose value is the class.
struct FolderLayout {
  private let source: String
  private let options: ImportOptions

  init(_ source: String, _ options: ImportOptions) {
    self.source = source
    self.options = options
  }

  func plans() throws -> [ImportPlan] {
    guard ImportSource.exists(source) else { throw Failure(.missingInput, "there is no \(source)") }
    let pairs = try pairsOfSplits()
    let facts = try pairs.map { try FolderFacts($0.pairs, options, name: $0.split) }
    let names = try classNames(labelCount: facts.map(\.labelCount).max() ?? 0)
    let channels = try options.channels ?? FolderFacts.channels(facts)
    let palette = facts.lazy.compactMap(\.palette).first ?? Palette.voc
    return try pairs.map { split, pairs in
      let info = DatasetInfo(
        split: split, classNames: names.names, palette: names.palette ?? palette, ignoreLabel: options.ignoreLabel,
        channels: channels)
      return try ImportPlan(info, pairs: pairs, source: source)
    }
  }

  private func pairsOfSplits() throws -> [(split: String, pairs: [ImportPair])] {
    guard ImportSource.isFolder(source) else {
      let split = options.splits?.first ?? "train"
      return [(split, try ImportSource.pairs(list: source, relativeTo: FileBytes.folder(of: source)))]
    }
    let isOneSplit = ImportSource.isFolder(source + "/images")
    let folder = { (split: String) in isOneSplit ? source : "\(source)/\(split)" }
    let usual = isOneSplit ? ["train"] : ["train", "val", "test"]
    let splits = try ImportSource.splits(options.splits, usual: usual, in: source) { folder($0) + "/images" }
    return try splits.map { ($0, try pairs(in: folder($0))) }
  }

  private func pairs(in folder: String) throws -> [ImportPair] {
    let labels = Dictionary(
      try ImportSource.fileNames(in: folder + "/labels").map { (stem($0), $0) }, uniquingKeysWith: { first, _ in first }
    )
    return try ImportSource.fileNames(in: folder + "/images").map { name in
      guard let label = labels[stem(name)] else {
        throw Failure(.missingInput, "\(folder)/images/\(name) has no label \(stem(name)).* in \(folder)/labels")
      }
      return ImportPair(
        key: SampleKey.make(fromFileName: name), image: "\(folder)/images/\(name)", label: "\(folder)/labels/\(label)")
    }
  }

  private func stem(_ name: String) -> String {
    name.lastIndex(of: ".").map { String(name[..<$0]) } ?? name
  }

  /// From the options, from `classes.txt` (a name a line, with three numbers for its colour if wanted), or numbered.
  private func classNames(labelCount: Int) throws -> (names: [String], palette: [UInt8]?) {
    if let names = options.classNames { return (names, nil) }
    let base = ImportSource.isFolder(source) ? source : FileBytes.folder(of: source)
    guard ImportSource.exists(base + "/classes.txt") else {
      return ((0..<max(1, labelCount)).map { "class \($0)" }, nil)
    }
    var names: [String] = []
    var colours: [UInt8] = []
    for line in try ImportSource.lines(base + "/classes.txt") {
      let fields = line.split(separator: " ")
      let colour = fields.suffix(3).compactMap { UInt8($0) }
      let hasColour = fields.count > 3 && colour.count == 3
      names.append(hasColour ? fields.dropLast(3).joined(separator: " ") : line)
      if hasColour { colours += colour }
    }
    guard !names.isEmpty else { throw Failure(.badData, "\(base)/classes.txt has no names") }
    return (names, colours.count == 3 * names.count ? Palette.padded(colours) : nil)
  }
}

/// What the files of a split have in common, found by a first look at all of them.
private struct FolderFacts {
  private(set) var channelCounts: Set<Int> = []
  /// One more than the largest label that is not ignored.
  private(set) var labelCount = 0
  private(set) var palette: [UInt8]?

  private struct Facts: Sendable {
    let channels: Int
    let isDeep: Bool
    let labelCount: Int
    let palette: [UInt8]?
  }

  init(_ pairs: [ImportPair], _ options: ImportOptions, name: String) throws {
    let ignored = options.ignoreLabel
    var isDeep: Bool?
    try OrderedWork.run(count: pairs.count, threads: options.threads) { index in
      try Self.facts(pairs[index], ignored)
    } take: { index, facts in
      guard isDeep == nil || isDeep == facts.isDeep else {
        throw Failure(
          .badData, "\(pairs[index].image) has \(facts.isDeep ? 16 : 8) bits a channel, the images before it do not")
      }
      isDeep = facts.isDeep
      channelCounts.insert(facts.channels)
      labelCount = max(labelCount, facts.labelCount)
      palette = palette ?? facts.palette
      options.progress(WorkProgress(name: "\(name): looking", completed: index + 1, total: pairs.count))
    }
  }

  private static func facts(_ pair: ImportPair, _ ignored: Int) throws -> Facts {
    let image = try ImageFile.header(pair.image)
    let label = try LabelImage(path: pair.label)
    let largest = label.values.lazy.filter { Int($0) != ignored }.max()
    return Facts(
      channels: image.hasPalette ? 3 : image.channels, isDeep: image.bitDepth == 16,
      labelCount: largest.map { Int($0) + 1 } ?? 0, palette: label.palette.map(Palette.padded))
  }

  /// All images as they are where they agree; otherwise colour without alpha, or grey without.
  static func channels(_ facts: [FolderFacts]) throws -> Int {
    let counts = facts.reduce(into: Set<Int>()) { $0.formUnion($1.channelCounts) }
    if counts.count == 1, let channels = counts.first { return channels }
    return counts.isSubset(of: [1, 2]) ? 1 : 3
  }
}
