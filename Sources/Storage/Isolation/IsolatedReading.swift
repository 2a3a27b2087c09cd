import Basics

/// A file that the HDF5 library has open in a process of its own, because the file is not trusted: HDF5 1.10 can
/// crash, loop or ask for any amount of memory on files that are not as it would have written them.
///
/// The process has bounds for memory and computing time. When it dies, the file is damaged; this process goes on.
final class IsolatedReading: HDF5Reading, @unchecked Sendable {
  /// Names and strings of a file, together; what a larger answer says is not read.
  private static let messageLimit = 1 << 30

  private let path: String
  private var process: ReaderProcess?
  private var death: Failure?

  /// - Throws: `Failure(.inputOutput)` if the process cannot be started, `.badData` if the file is not intact HDF5.
  init(_ path: String, byteCount: Int) throws {
    self.path = path
    process = try ReaderProcess(path, byteCount: byteCount)
  }

  func openRoot() throws -> OpenedObject { try openedObject(ReadingRequest(.openRoot)) }

  func open(_ name: String, below parent: PlacedObject) throws -> OpenedObject {
    try openedObject(ReadingRequest(.open, of: parent, argument: name))
  }

  func close(_ object: Int64) {
    var request = ReadingRequest(.close)
    request.object = object
    _ = try? ask(request) { _ in }
  }

  func childNames(of group: PlacedObject) throws -> [String] {
    try ask(ReadingRequest(.childNames, of: group)) { try $0.list { try $0.text() } }
  }

  func attributeNames(of object: PlacedObject) throws -> [String] {
    try ask(ReadingRequest(.attributeNames, of: object)) { try $0.list { try $0.text() } }
  }

  func attribute(_ attribute: String, of object: PlacedObject) throws -> HDF5AttributeValue? {
    try ask(ReadingRequest(.attribute, of: object, argument: attribute)) { try $0.attributeValue() }
  }

  func facts(of dataset: PlacedObject) throws -> DatasetFacts {
    try ask(ReadingRequest(.facts, of: dataset)) { answer in
      try DatasetFacts(
        extents: try answer.list { try $0.integer(UInt64.self) }, description: try answer.typeDescription(),
        storage: try answer.storageDescription(), isLittleEndianStandard: try answer.flag(), name: dataset.name)
    }
  }

  func read(
    _ dataset: PlacedObject, as element: Int32, rows: Range<Int>?, into buffer: UnsafeMutableRawBufferPointer
  ) throws {
    var request = ReadingRequest(.read, of: dataset)
    request.element = element
    request.byteCount = buffer.count
    if let rows { (request.firstRow, request.endRow) = (rows.lowerBound, rows.upperBound) }
    try ask(request, into: buffer) { _ in }
  }

  func strings(of dataset: PlacedObject) throws -> [String] {
    try ask(ReadingRequest(.strings, of: dataset)) { try $0.list { try $0.text() } }
  }

  func stringBytes(of dataset: PlacedObject) throws -> [UInt8] {
    try ask(ReadingRequest(.stringBytes, of: dataset)) { $0.remainingBytes() }
  }

  func closeFile() throws {
    process?.end()
    process = nil
  }

  private func openedObject(_ request: ReadingRequest) throws -> OpenedObject {
    try ask(request) { answer in
      let identifier: Int64 = try answer.integer()
      guard let kind = OpenedObject.Kind(rawValue: try answer.integer()) else { throw MessageReader.Malformed() }
      return OpenedObject(identifier: identifier, kind: kind)
    }
  }

  /// - Parameter buffer: where the answer belongs; nil: `take` makes of it what it is.
  private func ask<Result>(
    _ request: ReadingRequest, into buffer: UnsafeMutableRawBufferPointer? = nil,
    _ take: (inout MessageReader) throws -> Result
  ) throws -> Result {
    guard let process else { throw death ?? Failure(.internalError, "\(path) was used after it was closed") }
    do {
      try process.stream.send(request.bytes)
      var answer = MessageReader([0])
      if let buffer {
        if let other = try process.stream.receive(into: buffer, limit: Self.messageLimit) {
          answer = MessageReader(other)
          guard other.first == 1 else { throw MessageReader.Malformed() }
        }
      } else {
        answer = MessageReader(try process.stream.receive(limit: Self.messageLimit))
      }
      if try answer.flag() { throw try answer.failure() }
      return try take(&answer)
    } catch let failure as Failure {
      throw failure
    } catch {
      // It ended, or it says what its program never says: then it is not to be asked again.
      self.process = nil
      let failure = Failure(
        .badData, "\(path) is damaged: the HDF5 library \(process.end()) on it, in a process of its own",
        remedy: "use another copy of it, or have the tool that wrote it write it anew")
      death = failure
      throw failure
    }
  }
}
