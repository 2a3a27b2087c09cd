import Basics
import Foundation

/// Reading lists and folders of a source.
enum ImportSource {
  static func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }

  static func isFolder(_ path: String) -> Bool {
    var isFolder: ObjCBool = false
    return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder.boolValue
  }

  /// Names of the visible files in a folder, sorted.
  static func fileNames(in folder: String) throws -> [String] {
    do {
      return try FileManager.default.contentsOfDirectory(atPath: folder).filter { !$0.hasPrefix(".") }.sorted()
    } catch {
      throw Failure(.missingInput, "cannot list \(folder) (\(error.localizedDescription))")
    }
  }

  /// Lines of a text file that are not blank, without the blanks around them.
  static func lines(_ path: String) throws -> [String] {
    let bytes = try FileBytes.read(path, limit: 1 << 28)
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw Failure(.badData, "\(path) is not a text file")
    }
    return text.split(whereSeparator: \.isNewline).map { $0.trimmingCharacters(in: .whitespaces) }
      .filter { !$0.isEmpty }
  }

  /// The pairs of a list file: an image's and a label's path on each line, relative to `folder` if not absolute.
  static func pairs(list path: String, relativeTo folder: String) throws -> [ImportPair] {
    try lines(path).map { line in
      let fields = line.split(separator: line.contains("\t") ? "\t" : " ").map(String.init)
      guard fields.count == 2 else {
        throw Failure(
          .badData, "\(path): \(line.debugDescription) is not an image and a label",
          remedy: "write two paths a line, with a tab between them if they have blanks")
      }
      return ImportPair(
        key: SampleKey.make(fromFileName: fields[0]), image: resolved(fields[0], in: folder),
        label: resolved(fields[1], in: folder))
    }
  }

  /// A path of a list. Lists are often written for another folder: where the path does not exist, its last two parts
  /// below `folder` are tried.
  private static func resolved(_ path: String, in folder: String) -> String {
    let full = path.hasPrefix("/") ? path : folder + "/" + path
    if exists(full) { return full }
    let nearby = folder + "/" + path.split(separator: "/").suffix(2).joined(separator: "/")
    return exists(nearby) ? nearby : full
  }

  /// Those of `usual` that the source has, or all that are asked for.
  ///
  /// - Throws: `Failure(.missingInput)` if nothing is there.
  static func splits(
    _ wanted: [String]?, usual: [String], in source: String, _ path: (String) -> String
  ) throws -> [String] {
    let splits = wanted ?? usual.filter { exists(path($0)) }
    for split in splits where !SampleKey.isValid(split) {
      throw Failure(.usage, "\(split.debugDescription) cannot be a split's name (A-Z a-z 0-9 . _ -)")
    }
    guard let missing = splits.first(where: { !exists(path($0)) }) ?? (splits.isEmpty ? usual.first : nil) else {
      return splits
    }
    throw Failure(.missingInput, "there is no \(path(missing))", remedy: "is \(source) the right folder?")
  }
}
