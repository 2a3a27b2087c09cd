import Basics

/// The other side of `IsolatedReading`: has the file open and answers, in a process that may die of it.
struct ReadingServer {
  let path: String
  let stream: MessageStream

  /// Returns when nobody asks any more.
  func run() {
    var reading: LibraryReading?
    while let bytes = try? stream.receive(limit: 1 << 20), let request = try? ReadingRequest(bytes) {
      do {
        try HDF5Library.locked {
          let file = try reading ?? LibraryReading(opening: path)
          reading = file
          try answer(request, file)
        }
      } catch let failure as Failure {
        var message = MessageWriter()
        message.put(1 as UInt8)
        message.put(failure)
        try? stream.send(message.bytes)
      } catch {
        return
      }
    }
  }

  private func answer(_ request: ReadingRequest, _ reading: LibraryReading) throws {
    guard request.operation == .read else {
      return try answer(to: request, reading).bytes.withUnsafeBytes { try stream.send(answer: $0) }
    }
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: max(0, request.byteCount), alignment: 64)
    defer { buffer.deallocate() }
    try reading.read(request.placedObject, as: request.element, rows: request.rows, into: buffer)
    try stream.send(answer: UnsafeRawBufferPointer(buffer))
  }

  private func answer(to request: ReadingRequest, _ reading: LibraryReading) throws -> MessageWriter {
    var answer = MessageWriter()
    let object = request.placedObject
    switch request.operation {
    case .openRoot: answer.put(try reading.openRoot())
    case .open: answer.put(try reading.open(request.argument, below: object))
    case .close: reading.close(request.object)
    case .childNames: answer.put(try reading.childNames(of: object)) { $0.put($1) }
    case .attributeNames: answer.put(try reading.attributeNames(of: object)) { $0.put($1) }
    case .attribute: answer.put(try reading.attribute(request.argument, of: object))
    case .facts: answer.put(try reading.facts(of: object))
    case .strings: answer.put(try reading.strings(of: object)) { $0.put($1) }
    case .stringBytes: for byte in try reading.stringBytes(of: object) { answer.put(byte) }
    case .read: break
    }
    return answer
  }
}

extension MessageWriter {
  fileprivate mutating func put(_ object: OpenedObject) {
    put(object.identifier)
    put(object.kind.rawValue)
  }

  fileprivate mutating func put(_ facts: DatasetFacts) {
    put(facts.shape) { $0.put(UInt64($1)) }
    put(structure: facts.description)
    put(structure: facts.storage)
    put(facts.isLittleEndianStandard)
  }
}
