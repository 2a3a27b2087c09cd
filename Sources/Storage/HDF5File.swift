import Basics
import CHDF5

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// An open HDF5 file. Its groups and datasets stop working, with an error, once it is closed.
///
/// Closed by `close()`, which reports what goes wrong while the last data is written, or with its last owner (the
/// groups and datasets that came from it are owners too).
package final class HDF5File: Sendable {
  package let path: String
  package let root: HDF5Group

  private init(_ session: HDF5Session) throws {
    path = session.path
    root = try HDF5Group(rootOf: session)
  }

  /// Makes a new file, in the format of HDF5 1.10 (all metadata checksummed).
  ///
  /// - Throws: `Failure(.cannotCreate)` if `path` exists or its folder cannot be written.
  package static func create(_ path: String) throws -> HDF5File {
    if try status(of: path) != nil {
      throw Failure(.cannotCreate, "\(path) exists already", remedy: "remove it or choose another name")
    }
    return try HDF5Library.locked {
      let file = try HDF5Library.check(chdf5_file_create(path), .cannotCreate, "cannot create \(path)")
      return try HDF5File(HDF5Session(LibraryReading(file: file, path: path), path: path, byteCount: nil))
    }
  }

  /// Opens a file for reading, without locking it (locks are missing or wrong on many cluster file systems).
  ///
  /// Checks the file's seal first, if it has one: of a checkpoint that is all of its bytes. A file without a seal comes
  /// from elsewhere; the library opens it in a process of its own, which it may crash (`IsolatedReading`).
  ///
  /// - Throws: `Failure(.missingInput)` if there is no such file, `.badData` if it is not intact HDF5.
  package static func open(_ path: String) throws -> HDF5File {
    guard let status = try status(of: path) else { throw Failure(.missingInput, "there is no file \(path)") }
    // A pipe would make the library wait for ever.
    guard status.st_mode & S_IFMT == S_IFREG else { throw Failure(.badData, "\(path) is not a file") }
    guard access(path, R_OK) == 0 else {
      throw Failure(.inputOutput, "\(path) cannot be read (\(systemErrorText()))")
    }
    let byteCount = Int(status.st_size)
    do {
      let isSealed = try FileSeal.check(path)
      return try HDF5Library.locked {
        let reading: any HDF5Reading =
          try isSealed ? LibraryReading(opening: path) : IsolatedReading(path, byteCount: byteCount)
        return try HDF5File(HDF5Session(reading, path: path, byteCount: byteCount))
      }
    } catch {
      // Opening looks at the name several times; a training may have removed an old checkpoint by then.
      guard try Self.status(of: path) != nil else {
        throw Failure(.missingInput, "\(path) was removed while it was opened")
      }
      throw error
    }
  }

  private static func status(of path: String) throws -> stat? {
    var result = stat()
    if stat(path, &result) == 0 { return result }
    if errno == ENOENT || errno == ENOTDIR { return nil }
    throw Failure(.inputOutput, "cannot look at \(path) (\(systemErrorText()))")
  }

  /// Hands everything written so far to the operating system.
  package func flush() throws {
    try root.session.use { try HDF5Library.check(chdf5_file_flush($0), .inputOutput, "cannot write \(path)") }
  }

  /// Writes what is left, closes the file with all its groups and datasets, and seals it if it was created here.
  /// Closing twice is harmless.
  package func close(sealing coverage: FileSeal.Coverage = .unprotectedMetadata) throws {
    let isNew = root.session.byteCount == nil && root.session.liveHandleCount > 0
    try root.session.close()
    if isNew { try FileSeal.append(to: path, covering: coverage) }
  }

  /// Groups and datasets of this file that are open, and the file itself.
  package var liveHandleCount: Int { root.session.liveHandleCount }

  /// What the library itself counts as open in this file, attributes and types included.
  package var libraryHandleCount: Int {
    get throws { try root.session.use { Int(try HDF5Library.check(chdf5_file_open_count($0), .internalError, path)) } }
  }
}
