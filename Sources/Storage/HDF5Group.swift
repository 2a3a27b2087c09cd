import Basics
import CHDF5

/// A group of an HDF5 file. Names may be paths ("conv1_1/weight").
package final class HDF5Group: HDF5Object, @unchecked Sendable {
  /// The first group of a file.
  convenience init(rootOf session: HDF5Session) throws {
    let root = try session.read(0, "/") { reading, _ in try reading.openRoot() }
    self.init(adopting: root.identifier, path: "/", in: session)
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

  /// Opens the group `name`.
  ///
  /// - Throws: `Failure(.badData)` that names file and path where there is none.
  package func group(_ name: String) throws -> HDF5Group {
    HDF5Group(adopting: try open(name, .group, "group"), path: Self.join(path, name), in: session)
  }

  /// Opens the dataset `name`.
  ///
  /// - Throws: `Failure(.badData)` that names file and path where there is none.
  package func dataset(_ name: String) throws -> HDF5Dataset {
    try HDF5Dataset(dataset: try open(name, .dataset, "dataset"), path: Self.join(path, name), in: session)
  }

  /// Whether there is an object of this name that can be opened. False for links that lead out of the file.
  package func contains(_ name: String) -> Bool { kind(of: name) != nil }

  /// Whether `name` is a group here.
  package func isGroup(_ name: String) -> Bool { kind(of: name) == .group }

  /// Names of the group's links, sorted.
  package func childNames() throws -> [String] { try read { try $0.childNames(of: $1) }.sorted() }

  private func open(_ name: String, _ wanted: OpenedObject.Kind, _ word: String) throws -> Int64 {
    try read { reading, group in
      let child = try reading.open(name, below: group)
      guard child.kind == wanted else {
        reading.close(child.identifier)
        throw Failure(.badData, "\(session.path): \(Self.join(path, name)) is not a \(word)")
      }
      return child.identifier
    }
  }

  private func kind(of name: String) -> OpenedObject.Kind? {
    try? read { reading, group in
      let child = try reading.open(name, below: group)
      reading.close(child.identifier)
      return child.kind
    }
  }
}
