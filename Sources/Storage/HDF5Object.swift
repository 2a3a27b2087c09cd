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

  /// Runs `body` under the library's lock with the object's identifier.
  @discardableResult
  func use<Result>(_ body: (Int64) throws -> Result) throws -> Result { try session.use { _ in try body(identifier) } }

  static func join(_ parent: String, _ child: String) -> String {
    child.hasPrefix("/") ? child : parent == "/" ? "/\(child)" : "\(parent)/\(child)"
  }
}

/// Collects the names that the library calls back with.
final class NameCollector {
  var names: [String] = []

  func collect(_ iterate: (chdf5_name_receiver, UnsafeMutableRawPointer) -> Int32) -> Int32 {
    withExtendedLifetime(self) {
      iterate(
        { name, context in
          guard let context else { return -1 }
          Unmanaged<NameCollector>.fromOpaque(context).takeUnretainedValue().names.append(String(cString: name))
          return 0
        }, Unmanaged.passUnretained(self).toOpaque())
    }
  }
}
