import Basics
import CHDF5

/// A group of an HDF5 file. Names may be paths ("conv1_1/weight").
package final class HDF5Group: HDF5Object, @unchecked Sendable {
  convenience init(opening path: String, in session: HDF5Session) throws {
    let identifier = try session.use { file in
      try HDF5Library.check(chdf5_object_open(file, path), .badData, "cannot open \(session.path): \(path)")
    }
    self.init(adopting: identifier, path: path, in: session)
  }

  /// Makes a group; those on the way to it have to exist.
  package func createGroup(_ name: String) throws -> HDF5Group {
    try use { parent in
      let path = Self.join(path, name)
      let identifier = try HDF5Library.check(
        chdf5_group_create(parent, name), .inputOutput, "cannot create group \(session.path): \(path)")
      return HDF5Group(adopting: identifier, path: path, in: session)
    }
  }

  package func group(_ name: String) throws -> HDF5Group {
    try use { _ in
      let (identifier, kind) = try openChild(name)
      let path = Self.join(path, name)
      guard kind == CHDF5_OBJECT_GROUP else {
        _ = chdf5_object_close(identifier)
        throw Failure(.badData, "\(session.path): \(path) is not a group")
      }
      return HDF5Group(adopting: identifier, path: path, in: session)
    }
  }

  package func dataset(_ name: String) throws -> HDF5Dataset {
    try use { _ in
      let (identifier, kind) = try openChild(name)
      let path = Self.join(path, name)
      guard kind == CHDF5_OBJECT_DATASET else {
        _ = chdf5_object_close(identifier)
        throw Failure(.badData, "\(session.path): \(path) is not a dataset")
      }
      return try HDF5Dataset(dataset: identifier, path: path, in: session)
    }
  }

  /// Whether there is an object of this name that can be opened. False for links that lead out of the file.
  package func contains(_ name: String) -> Bool {
    (try? use { _ in
      let (identifier, _) = try openChild(name)
      _ = chdf5_object_close(identifier)
      return true
    }) ?? false
  }

  package func isGroup(_ name: String) -> Bool {
    (try? use { _ in
      let (identifier, kind) = try openChild(name)
      _ = chdf5_object_close(identifier)
      return kind == CHDF5_OBJECT_GROUP
    }) ?? false
  }

  /// Names of the group's links, sorted.
  package func childNames() throws -> [String] {
    let collector = NameCollector()
    try use { group in
      let status = collector.collect { chdf5_group_iterate(group, $0, $1) }
      try HDF5Library.check(status, .badData, "cannot list \(name)")
    }
    return collector.names.sorted()
  }

  /// Follows a path step by step, so that the missing one is named and no link is followed out of the file.
  private func openChild(_ name: String) throws -> (identifier: Int64, kind: Int) {
    var current = try use { $0 }
    var owned: Int64?
    var place = path
    defer { if let owned { _ = chdf5_object_close(owned) } }
    let steps = name.split(separator: "/").map(String.init)
    guard !steps.isEmpty else { throw Failure(.internalError, "\(self.name): an object without a name was asked for") }
    for step in steps {
      place = Self.join(place, step)
      var kind: Int32 = 0
      try HDF5Library.check(
        chdf5_link_kind(current, step, &kind), .badData, "cannot look up \(session.path): \(place)")
      guard kind != CHDF5_LINK_MISSING else { throw Failure(.badData, "\(session.path) has no \(place)") }
      guard kind != CHDF5_LINK_OTHER else {
        throw Failure(.badData, "\(session.path): \(place) is a link to another file, which is not followed")
      }
      let next = try HDF5Library.check(
        chdf5_object_open(current, step), .badData, "cannot open \(session.path): \(place)")
      if let owned { _ = chdf5_object_close(owned) }
      owned = next
      current = next
    }
    let kind = Int(chdf5_object_kind(current))
    owned = nil
    return (current, kind)
  }
}
