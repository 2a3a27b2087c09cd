import Basics
import Foundation
import SegmentationData

/// Which PNG of a folder is the prediction for which sample: the one that has the sample's key as its name. Else the
/// one whose name is the key where both lose what tools add to names (`_pred`, `_leftImg8bit`); else, where one
/// addition before or behind the keys makes all of them names of files, those files.
struct PredictionNames {
  /// Paths below the folder by what they are called in keys.
  private let files: [String: [String]]
  private let folder: String

  /// - Throws: `Failure(.missingInput)` when the folder cannot be read.
  init(_ folder: String) throws {
    guard let names = try? FileManager.default.contentsOfDirectory(atPath: folder) else {
      throw Failure(.missingInput, "cannot read the folder \(folder)", remedy: "give the folder of the label PNGs")
    }
    var paths = names.filter(Self.isPNG)
    // As Cityscapes' own, which have a folder for each city.
    if paths.isEmpty { paths = (FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String } ?? []) }
    paths = paths.filter(Self.isPNG)
    self.folder = folder
    files = Dictionary(grouping: paths.sorted()) { path in
      SampleKey.make(fromFileName: path.split(separator: "/").last.map(String.init) ?? path)
    }
  }

  private static func isPNG(_ path: String) -> Bool {
    path.lowercased().hasSuffix(".png") && !path.split(separator: "/").contains { $0.hasPrefix(".") }
  }

  /// The path for each sample of a split.
  ///
  /// - Throws: `Failure(.missingInput)` that names all samples without an image; `Failure(.badData)` where two images
  ///   are of one name.
  func paths(of dataset: Dataset) throws -> [String] {
    let keys = (0..<dataset.sampleCount).map(dataset.key)
    let found = exact(keys) ?? bare(keys) ?? added(keys) ?? added(keys.map(Self.bare))
    let nearest = found ?? keys.map { files[$0] ?? [] }
    let missing = zip(keys, nearest).filter { $1.isEmpty }.map(\.0)
    guard missing.isEmpty else {
      throw Failure(
        .missingInput,
        "\(folder) lacks \(missing.count) of the \(keys.count) images of split \(dataset.info.split): "
          + missing.map { "\($0).png" }.joined(separator: ", "),
        remedy: "name each image by its sample's key ('fcn-dist dataset show' prints them), or choose another --split")
    }
    return try zip(keys, nearest).map { key, paths in
      guard paths.count == 1 else {
        throw Failure(
          .badData, "\(folder) has several images for \(key): \(paths.joined(separator: ", "))",
          remedy: "leave one of them")
      }
      return "\(folder)/\(paths[0])"
    }
  }

  private func exact(_ keys: [String]) -> [[String]]? {
    let found = keys.map { files[$0] ?? [] }
    return found.contains([]) ? nil : found
  }

  private func bare(_ keys: [String]) -> [[String]]? {
    let bareKeys = keys.map(Self.bare)
    guard Set(bareKeys).count == keys.count else { return nil }
    let groups = Dictionary(grouping: files.keys, by: Self.bare)
    let found = zip(keys, bareKeys).map { key, bareKey in
      files[key] ?? (groups[bareKey] ?? []).sorted().flatMap { files[$0] ?? [] }
    }
    return found.contains([]) ? nil : found
  }

  private func added(_ keys: [String]) -> [[String]]? {
    guard let first = keys.first else { return nil }
    for name in files.keys.sorted() {
      guard let place = name.range(of: first) else { continue }
      let (before, behind) = (name[..<place.lowerBound], name[place.upperBound...])
      // What predict draws for people is no label.
      if behind == "-overlay" { continue }
      let found = keys.map { files[before + $0 + behind] ?? [] }
      if !found.contains([]) { return found }
    }
    return nil
  }

  private static let additions = [
    "leftimg8bit", "gtfine", "labelids", "labeltrainids", "trainids", "color", "colour", "pred", "preds", "prediction",
    "predictions", "label", "labels", "mask", "seg", "segmentation", "result", "output", "out", "image", "img",
  ]

  /// A name without what tools add behind an underscore or a hyphen.
  static func bare(_ name: String) -> String {
    var rest = Substring(name)
    while let place = rest.lastIndex(where: { $0 == "_" || $0 == "-" }), place != rest.startIndex,
      additions.contains(rest[rest.index(after: place)...].lowercased())
    { rest = rest[..<place] }
    return String(rest)
  }
}
