import Basics
import Foundation

/// Looks into the folders of a source and keeps count of what it passes over.
final class SourceFolder {
  /// The source itself.
  let path: String
  private var foreignCount = 0
  private var foreignNames: [String] = []

  init(_ path: String) { self.path = path }

  static func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }

  static func isFolder(_ path: String) -> Bool {
    var isFolder: ObjCBool = false
    return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder.boolValue
  }

  /// A path's first existing variant; nil: none exists.
  func first(of names: [String], in folder: String = "") -> String? {
    let base = folder.isEmpty ? path : "\(path)/\(folder)"
    return FolderNames.spellings(names).first { Self.isFolder("\(base)/\($0)") }
  }

  /// Names in a folder of the source, sorted, hidden ones too.
  func names(in folder: String) throws -> [String] {
    let full = folder.isEmpty ? path : "\(path)/\(folder)"
    do { return try FileManager.default.contentsOfDirectory(atPath: full).sorted() } catch {
      throw Failure(.missingInput, "cannot list \(full) (\(error.localizedDescription))")
    }
  }

  private static let deepest = 24

  /// Paths of the picture files below a folder of the source, relative to that folder, sorted. What is hidden or no
  /// picture is passed over and counted.
  func pictures(in folder: String, below: String = "", depth: Int = 0) throws -> [String] {
    let here = [folder, below].filter { !$0.isEmpty }.joined(separator: "/")
    var found: [String] = []
    for name in try names(in: here) {
      let full = "\(path)/\(here.isEmpty ? "" : here + "/")\(name)"
      let relative = below.isEmpty ? name : "\(below)/\(name)"
      if Self.isFolder(full) {
        // A link may lead back to a folder above.
        guard depth < Self.deepest, !name.hasPrefix("."), name != "__MACOSX" else { continue }
        found += try pictures(in: folder, below: relative, depth: depth + 1)
      } else if Self.isPicture(name, full) {
        found.append(relative)
      } else {
        foreignCount += 1
        if foreignNames.count < 3 { foreignNames.append(name) }
      }
    }
    return found
  }

  /// Paths of the visible files with an ending below a folder of the source, relative to that folder, sorted.
  func files(in folder: String, ending: String, below: String = "", depth: Int = 0) throws -> [String] {
    let here = [folder, below].filter { !$0.isEmpty }.joined(separator: "/")
    return try names(in: here).filter { !$0.hasPrefix(".") && $0 != "__MACOSX" }.flatMap { name -> [String] in
      let relative = below.isEmpty ? name : "\(below)/\(name)"
      if Self.isFolder("\(path)/\(here.isEmpty ? "" : here + "/")\(name)") {
        return depth < Self.deepest ? try files(in: folder, ending: ending, below: relative, depth: depth + 1) : []
      }
      return name.lowercased().hasSuffix("." + ending) ? [relative] : []
    }
  }

  private static let endings: Set<String> = ["png", "jpg", "jpeg", "jpe", "tif", "tiff", "bmp", "webp", "gif"]

  /// By its name or, where that does not say, by its first bytes.
  private static func isPicture(_ name: String, _ path: String) -> Bool {
    if name.hasPrefix(".") || ["thumbs.db", "desktop.ini"].contains(name.lowercased()) { return false }
    let ending = name.lastIndex(of: ".").map { name[name.index(after: $0)...].lowercased() } ?? ""
    return endings.contains(ending) || FileStart.isPicture(path)
  }

  /// Folders directly below the source that hold pictures and are none of `known`.
  func otherFolders(than known: Set<String>) throws -> [String] {
    try names(in: "").filter { name in
      guard !known.contains(name), !name.hasPrefix("."), Self.isFolder("\(path)/\(name)") else { return false }
      let places = [name] + FolderNames.images.map { "\(name)/\($0)" }
      return places.contains { place in
        (try? names(in: place))?.contains { Self.isPicture($0, "\(path)/\(place)/\($0)") } == true
      }
    }
  }

  /// What was passed over, in one line; nil: nothing.
  var passedOver: String? {
    guard foreignCount > 0 else { return nil }
    let more = foreignCount > foreignNames.count ? ", …" : ""
    return "passed over \(foreignCount) \(foreignCount == 1 ? "file that is" : "files that are") no picture "
      + "(\(foreignNames.joined(separator: ", "))\(more))"
  }

  /// Of a path: without folders and ending.
  static func stem(_ path: String) -> String {
    let name = path.split(separator: "/").last ?? path[...]
    return name.lastIndex(of: ".").map { $0 == name.startIndex ? String(name) : String(name[..<$0]) } ?? String(name)
  }

  /// A path without its ending.
  static func withoutEnding(_ path: String) -> String {
    let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
    return folder + stem(path)
  }
}

/// What folders are called.
enum FolderNames {
  static let images = ["images", "image", "imgs", "img", "JPEGImages"]
  static let labels = ["labels", "label", "masks", "mask", "annotations", "gt", "SegmentationClass"]

  private static let splits = [
    ("train", ["train", "training", "trn", "tra"]), ("val", ["val", "valid", "validation", "dev", "eval"]),
    ("test", ["test", "testing", "tst"]),
  ]

  /// The splits that a source can have, each with the names that its folder may have.
  static func candidates(_ wanted: [String]?) -> [(split: String, names: [String])] {
    guard let wanted else { return splits.map { ($0.0, spellings($0.1)) } }
    return wanted.map { name in (split(of: name), [name] + synonyms(of: name)) }
  }

  /// Other names for the split of this name, itself among them; empty where it is not a usual one.
  static func synonyms(of name: String) -> [String] {
    splits.first { $0.1.contains(name.lowercased()) }.map { spellings($0.1) } ?? []
  }

  /// Names as they are, then with a capital, then in capitals.
  static func spellings(_ names: [String]) -> [String] {
    names + names.map(\.capitalized) + names.map { $0.uppercased() }
  }

  /// The split that a folder of this name holds: "valid" is `val`.
  static func split(of name: String) -> String { splits.first { $0.1.contains(name.lowercased()) }?.0 ?? name }

  /// What is said of folders that nobody took for a split.
  static func warning(ofOthers others: [String], in source: String) -> String {
    "warning: \(others.joined(separator: ", ")) in \(source) \(others.count == 1 ? "has" : "have") pictures too and "
      + "\(others.count == 1 ? "is" : "are") not imported; --split NAME imports a folder"
  }
}
