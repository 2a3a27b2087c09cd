import Basics
import Foundation

/// Writes a file piece by piece under a temporary name, and gives it its own name when it is whole.
struct WeightFileWriter {
  private let path: String
  private let temporary: String
  private let handle: FileHandle

  /// - Throws: `Failure(.cannotCreate)` where `path` is taken or cannot be made.
  static func write(_ path: String, _ body: (WeightFileWriter) throws -> Void) throws {
    guard !FileManager.default.fileExists(atPath: path) else {
      throw Failure(.cannotCreate, "\(path) exists already", remedy: "give another name")
    }
    let writer = try WeightFileWriter(path)
    do {
      try body(writer)
      try writer.handle.close()
    } catch {
      try? FileManager.default.removeItem(atPath: writer.temporary)
      throw error as? Failure ?? Failure(.inputOutput, "cannot write \(path) (\(error.localizedDescription))")
    }
    try FileBytes.commit(writer.temporary, as: path)
  }

  private init(_ path: String) throws {
    self.path = path
    temporary = FileBytes.temporaryPath(for: path)
    guard FileManager.default.createFile(atPath: temporary, contents: nil),
      let handle = FileHandle(forWritingAtPath: temporary)
    else { throw Failure(.cannotCreate, "cannot create \(temporary)") }
    self.handle = handle
  }

  func append(_ bytes: [UInt8]) throws { try handle.write(contentsOf: bytes) }

  /// Little-endian float32.
  func append(_ values: UnsafeBufferPointer<Float>) throws {
    for start in stride(from: 0, to: values.count, by: 1 << 20) {
      let piece = UnsafeRawBufferPointer(rebasing: values[start..<min(values.count, start + 1 << 20)])
      try handle.write(contentsOf: Data(piece))
    }
  }
}

extension UnsafeRawBufferPointer {
  fileprivate init(rebasing values: Slice<UnsafeBufferPointer<Float>>) {
    self.init(UnsafeBufferPointer(rebasing: values))
  }
}
