import Basics
import Foundation
import ImageFiles

/// An image file to predict.
struct PredictionSource: Equatable {
  let path: String
  /// What its results are called: a path below the output folder, without ending.
  var key: String
}

/// The image files that a command line names: files, and folders with all that is in them.
struct PredictionSources {
  private(set) var sources: [PredictionSource] = []
  /// Hidden and foreign files of the folders, which are passed over.
  private(set) var passedOver: [String] = []

  /// - Parameter skipped: a folder that is passed over: the one that results go into.
  /// - Throws: `Failure(.missingInput)` naming a folder that cannot be listed.
  init(_ given: [String], except skipped: String?) throws {
    var names: [[String]] = []
    var arguments: [Int] = []
    var known: Set<String> = []
    let skippedPath = skipped.map(Self.absolute)
    for (number, argument) in given.enumerated() {
      var isFolder: ObjCBool = false
      let isThere = FileManager.default.fileExists(atPath: argument, isDirectory: &isFolder)
      guard isThere, isFolder.boolValue else {
        // A file that is named twice is predicted once.
        guard known.insert(Self.absolute(argument)).inserted else { continue }
        add(argument, within: nil, &names)
        arguments.append(number)
        continue
      }
      for path in try files(in: argument, except: skippedPath) where known.insert(Self.absolute(path)).inserted {
        add(path, within: argument, &names)
        arguments.append(number)
      }
    }
    let keys = Self.uniqueKeys(Self.withoutNeedlessEndings(names), of: arguments)
    for index in sources.indices { sources[index].key = keys[index] }
  }

  private static func absolute(_ path: String) -> String { URL(fileURLWithPath: path).standardizedFileURL.path }

  private mutating func add(_ path: String, within folder: String?, _ names: inout [[String]]) {
    let file = path.split(separator: "/").last.map(String.init) ?? path
    let base = folder.map { $0.hasSuffix("/") ? String($0.dropLast()) : $0 }
    let shortest = base.map { String(path.dropFirst($0.utf8.count + 1)) } ?? file
    let parts = Self.absolute(path).split(separator: "/").map(String.init)
    let depth = shortest.split(separator: "/").count
    let longer = (depth + 1..<max(depth + 2, parts.count + 1)).map { parts.suffix($0).joined(separator: "/") }
    // By more and more of the path.
    names.append([shortest] + longer)
    sources.append(PredictionSource(path: path, key: ""))
  }

  private static func withoutEnding(_ path: String) -> String {
    let start = path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex
    guard let dot = path[start...].lastIndex(of: "."), dot != start else { return path }
    return String(path[..<dot])
  }

  /// Endings are left out but for files that only their endings tell apart.
  private static func withoutNeedlessEndings(_ names: [[String]]) -> [[String]] {
    var counts: [String: Int] = [:]
    for name in names { counts[withoutEnding(name[name.count - 1]), default: 0] += 1 }
    return names.map { name in
      counts[withoutEnding(name[name.count - 1])] == 1 ? name.map(withoutEnding) : name
    }
  }

  /// The shortest names that no other has; those of one folder of the command line grow together, so that what lay in
  /// one folder does so still.
  ///
  /// - Parameters:
  ///   - names: of each thing its possible names, the shortest first.
  ///   - arguments: the number of the folder that each comes from; nil: each from one of its own.
  static func uniqueKeys(_ names: [[String]], of arguments: [Int]? = nil) -> [String] {
    let arguments = arguments ?? Array(names.indices)
    var levels = [Int](repeating: 0, count: (arguments.max() ?? -1) + 1)
    while true {
      let keys = zip(names, arguments).map { $0[min(levels[$1], $0.count - 1)] }
      var places: [String: [Int]] = [:]
      for (index, key) in keys.enumerated() { places[key, default: []].append(index) }
      let longer = places.values.filter { $0.count > 1 }.flatMap { $0 }
        .filter { levels[arguments[$0]] < names[$0].count - 1 }
      guard !longer.isEmpty else { return keys }
      for argument in Set(longer.map { arguments[$0] }) { levels[argument] += 1 }
    }
  }

  // Folders

  private static let endings: Set<String> = ["png", "jpg", "jpeg", "jpe", "tif", "tiff", "webp", "bmp"]

  /// The pictures below a folder, in the order of their names.
  private mutating func files(in folder: String, except skipped: String?) throws -> [String] {
    let names: [String]
    do {
      names = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
    } catch {
      throw Failure(.missingInput, "cannot list the folder \(folder)")
    }
    var found: [String] = []
    for name in names {
      let path = folder.hasSuffix("/") ? folder + name : "\(folder)/\(name)"
      var isFolder: ObjCBool = false
      guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else { continue }
      if isFolder.boolValue {
        // A link to a folder could lead in a circle.
        let isLink = (try? FileManager.default.destinationOfSymbolicLink(atPath: path)) != nil
        if !name.hasPrefix("."), !isLink, Self.absolute(path) != skipped {
          found += try files(in: path, except: skipped)
        }
      } else if !name.hasPrefix("."), Self.isPicture(path, name) {
        found.append(path)
      } else {
        passedOver.append(path)
      }
    }
    return found
  }

  private static func isPicture(_ path: String, _ name: String) -> Bool {
    if let dot = name.lastIndex(of: "."), endings.contains(name[name.index(after: dot)...].lowercased()) { return true }
    return FileBytes.head(of: path, count: 16).map { ImageFile.isRecognised($0) } ?? false
  }
}
