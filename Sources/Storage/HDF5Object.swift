import Basics
import CHDF5

/// What groups and datasets have in common: an identifier, a place in a file, attributes.
package class HDF5Object: @unchecked Sendable {
  /// Where the object is in the file, for example "/model/parameters".
  package let path: String
  let session: HDF5Session
  private let identifier: Int64

  init(adopting identifier: Int64, path: String, in session: HDF5Session) {
    self.identifier = identifier
    self.path = path
    self.session = session
    session.adopt(identifier)
  }

  deinit { session.release(identifier) }

  /// File and place, as messages name them.
  package var name: String { "\(session.path): \(path)" }

  /// Runs `body` under the library's lock with the file's reading and this object.
  func read<Result>(_ body: (any HDF5Reading, PlacedObject) throws -> Result) throws -> Result {
    try session.read(identifier, path, body)
  }

  /// Runs `body` under the library's lock with the object's identifier, to write.
  @discardableResult
  func use<Result>(_ body: (Int64) throws -> Result) throws -> Result { try session.use { _ in try body(identifier) } }

  static func join(_ parent: String, _ child: String) -> String { PlacedObject.join(parent, child) }
}
