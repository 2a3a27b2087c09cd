import Basics

/// The open file that groups and datasets share, and the identifiers that have to be closed with it.
final class HDF5Session: @unchecked Sendable {
  let path: String
  /// Size of the file when it was opened for reading; nil when it is being written.
  let byteCount: Int?
  /// nil once it is closed.
  private var reading: (any HDF5Reading)?
  private var objects: Set<Int64> = []

  init(_ reading: any HDF5Reading, path: String, byteCount: Int?) {
    self.reading = reading
    self.path = path
    self.byteCount = byteCount
    HDF5Library.countHandles(by: 1)
  }

  deinit { try? close() }

  var liveHandleCount: Int { HDF5Library.locked { reading == nil ? 0 : objects.count + 1 } }

  /// Runs `body` under the library's lock with the file's reading and an object of it.
  func read<Result>(
    _ object: Int64, _ place: String, _ body: (any HDF5Reading, PlacedObject) throws -> Result
  ) throws -> Result {
    try HDF5Library.locked {
      guard let reading else { throw Failure(.internalError, "\(path) was used after it was closed") }
      return try body(reading, PlacedObject(identifier: object, path: place, name: "\(path): \(place)"))
    }
  }

  /// Runs `body` under the library's lock with the file's identifier, to write.
  @discardableResult
  func use<Result>(_ body: (Int64) throws -> Result) throws -> Result {
    try HDF5Library.locked {
      guard let reading else { throw Failure(.internalError, "\(path) was used after it was closed") }
      // Identifiers of another process would be taken for this one's.
      guard let library = reading as? LibraryReading else {
        throw Failure(.internalError, "\(path) is open for reading only")
      }
      return try body(library.file)
    }
  }

  func adopt(_ object: Int64) {
    HDF5Library.locked {
      if objects.insert(object).inserted { HDF5Library.countHandles(by: 1) }
    }
  }

  func release(_ object: Int64) {
    HDF5Library.locked {
      // After the file was closed the number may already belong to another file's object.
      guard let reading, objects.remove(object) != nil else { return }
      HDF5Library.countHandles(by: -1)
      reading.close(object)
    }
  }

  func close() throws {
    try HDF5Library.locked {
      guard let reading else { return }
      self.reading = nil
      HDF5Library.countHandles(by: -1 - objects.count)
      for object in objects { reading.close(object) }
      objects = []
      try reading.closeFile()
    }
  }
}
