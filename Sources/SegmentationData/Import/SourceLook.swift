import Basics
import ImageFiles

/// What the files of a source have in common, found by a first look at all of them.
struct SourceLook {
  private(set) var channelCounts: Set<Int> = []
  /// Whether each value of 16 bits occurs in a label.
  private(set) var hasValue = [Bool](repeating: false, count: 65_536)
  private(set) var palette: [UInt8]?
  private(set) var greyInColourCount = 0
  /// Pictures whose alpha channel is opaque everywhere, which is not counted as a channel.
  private var opaqueCount = 0

  private struct Facts: Sendable {
    let channels: Int
    /// 8, 16, or 32 for float
    let depth: Int
    let isOpaque: Bool
    var values: [UInt16] = []
    var palette: [UInt8]?
    var wasGreyInColour = false
  }

  /// Labels that were looked at elsewhere.
  init(hasValue: [Bool]) { self.hasValue = hasValue }

  /// - Parameter readsLabels: without, only images are looked at.
  /// - Throws: `Failure` naming the files: unreadable, or its pixels have another depth than the others'; a label in
  ///   colours.
  init(_ splits: [(split: String, pairs: [ImportPair])], readsLabels: Bool, _ options: ImportOptions) throws {
    let readsAlpha = options.channels == nil
    var failures = FileFailures()
    for (split, pairs) in splits {
      var depth: Int?
      try OrderedWork.run(count: pairs.count, threads: options.threads) { index in
        try FileFailures.attempt { try Self.facts(pairs[index], readsLabels, readsAlpha: readsAlpha) }
      } take: { index, result in
        options.progress(WorkProgress(name: "\(split): looking", completed: index + 1, total: pairs.count))
        guard let facts = failures.value(of: result) else { return }
        guard depth == nil || depth == facts.depth else {
          throw Failure(
            .badData, "\(pairs[index].image) has \(facts.depth) bits a channel, the images before it do not")
        }
        depth = facts.depth
        opaqueCount += facts.isOpaque ? 1 : 0
        channelCounts.insert(facts.channels)
        for value in facts.values { hasValue[Int(value)] = true }
        palette = palette ?? facts.palette
        greyInColourCount += facts.wasGreyInColour ? 1 : 0
      }
    }
    if !failures.isEmpty { try Self.failAfterReadingAll(splits, readsLabels, options) }
    if readsAlpha { sayAlpha(options.note) }
  }

  /// A look reads no pixels of images: whoever has to mend files wants to know of those too.
  private static func failAfterReadingAll(
    _ splits: [(split: String, pairs: [ImportPair])], _ readsLabels: Bool, _ options: ImportOptions
  ) throws {
    var failures = FileFailures()
    for (split, pairs) in splits {
      try OrderedWork.run(count: pairs.count, threads: options.threads) { index in
        try FileFailures.attempt {
          _ = try ImageFile.read(pairs[index].image)
          _ = try facts(pairs[index], readsLabels, readsAlpha: false)
        }
      } take: { index, result in
        _ = failures.value(of: result)
        options.progress(WorkProgress(name: "\(split): reading all", completed: index + 1, total: pairs.count))
      }
    }
    try failures.check(of: splits.reduce(0) { $0 + $1.pairs.count })
  }

  private func sayAlpha(_ note: (String) -> Void) {
    if opaqueCount > 0 {
      let pictures = opaqueCount == 1 ? "1 picture" : "\(opaqueCount) pictures"
      note("\(pictures) with an alpha channel that is opaque everywhere: taken without it")
    }
    if channels == 4 {
      note("warning: the images have 4 channels; if the fourth is only transparency, --channels 3 leaves it out")
    }
  }

  private static func facts(_ pair: ImportPair, _ readsLabels: Bool, readsAlpha: Bool) throws -> Facts {
    let image = try ImageFile.header(pair.image)
    let mayBeOpaque = readsAlpha && (image.channels == 2 || image.channels == 4)
    let isOpaque = try mayBeOpaque && ImageFile.read(pair.image).hasOpaqueAlpha
    var facts = Facts(
      channels: image.hasPalette ? 3 : image.channels - (isOpaque ? 1 : 0), depth: max(8, image.bitDepth),
      isOpaque: isOpaque)
    guard readsLabels, case .file(let path) = pair.label else { return facts }
    let label = try LabelImage(path: path)
    guard case .values(let values) = label.content else {
      _ = try LabelCode(classNames: [], palette: [], ignored: []).labels(of: label)
      return facts
    }
    var known = [Bool](repeating: false, count: 65_536)
    for value in values { known[Int(value)] = true }
    facts.values = known.indices.filter { known[$0] }.map { UInt16($0) }
    facts.palette = label.palette.map(Palette.padded)
    facts.wasGreyInColour = label.wasGreyInColour
    return facts
  }

  /// The values that occur, but for some.
  func values(without ignored: [Int]) -> [Int] {
    hasValue.indices.filter { hasValue[$0] && !ignored.contains($0) }
  }

  /// All images as they are where they agree; otherwise colour without alpha, or grey without.
  var channels: Int {
    if channelCounts.count == 1, let channels = channelCounts.first { return channels }
    return channelCounts.isSubset(of: [1, 2]) ? 1 : 3
  }
}
