import Basics
import Foundation
import TestSupport

/// A folder's content.
struct DiskState {
  enum Entry {
    case folder([String: Entry])
    case file([UInt8])
    case link(String)
  }

  let folder: [String: Entry]

  init(folder: [String: Entry]) { self.folder = folder }

  /// What is at a path within the folder.
  subscript(_ path: String) -> Entry? {
    path.split(separator: "/").reduce(Entry.folder(folder)) { parent, name in
      guard case .folder(let folder) = parent else { return nil }
      return folder[String(name)]
    }
  }

  /// Every path with its kind, length and checksum: equal for equal states.
  var summary: [String] { Self.summary(folder, below: "") }

  private static func summary(_ folder: [String: Entry], below path: String) -> [String] {
    folder.sorted { $0.key < $1.key }.flatMap { name, entry in
      switch entry {
      case .folder(let folder): ["\(path)\(name)/"] + summary(folder, below: "\(path)\(name)/")
      case .file(let bytes): ["\(path)\(name): \(bytes.count) bytes, \(CRC32C.checksum(bytes))"]
      case .link(let target): ["\(path)\(name) -> \(target)"]
      }
    }
  }

  /// Makes the folder's content anew at a path, whatever was there.
  func write(to path: String) throws {
    try? FileManager.default.removeItem(atPath: path)
    try Self.write(folder, to: path)
  }

  private static func write(_ folder: [String: Entry], to path: String) throws {
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    for (name, entry) in folder {
      switch entry {
      case .folder(let folder): try write(folder, to: "\(path)/\(name)")
      case .file(let bytes): try writeBytes(bytes, to: "\(path)/\(name)")
      case .link(let target):
        try FileManager.default.createSymbolicLink(atPath: "\(path)/\(name)", withDestinationPath: target)
      }
    }
  }
}

extension DiskState {
  /// A real folder's content.
  init(reading path: String) throws { folder = try Self.read(path) }

  private static func read(_ path: String) throws -> [String: Entry] {
    let files = FileManager.default
    return try files.contentsOfDirectory(atPath: path).reduce(into: [:]) { folder, name in
      let place = "\(path)/\(name)"
      if let target = try? files.destinationOfSymbolicLink(atPath: place) {
        folder[name] = .link(target)
      } else if (try? files.contentsOfDirectory(atPath: place)) != nil {
        folder[name] = .folder(try read(place))
      } else {
        folder[name] = .file(try readBytes(place))
      }
    }
  }
}
