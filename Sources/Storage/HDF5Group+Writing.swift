import Basics
import CHDF5

/// How a dataset's values lie in the file.
package enum DatasetOptions: Sendable {
  /// In one piece, readable by offset without the library.
  case contiguous
  /// In pieces of about `byteCount` bytes of whole rows, each with a Fletcher-32 checksum if wanted.
  case chunked(fletcher32: Bool = true, byteCount: Int = 1 << 20)

  /// Pieces of about `byteCount` bytes: whole trailing dimensions, an even part of the one before them.
  func chunk(shape: [Int], elementByteCount: Int) -> [UInt64]? {
    guard case .chunked(_, let byteCount) = self, !shape.isEmpty, !shape.contains(0) else { return nil }
    var room = max(1, byteCount / max(1, elementByteCount))
    var chunk = [UInt64](repeating: 1, count: shape.count)
    for dimension in shape.indices.reversed() {
      let extent = shape[dimension]
      let pieces = (extent + room - 1) / room
      chunk[dimension] = UInt64((extent + pieces - 1) / pieces)
      if pieces > 1 { break }
      room = max(1, room / extent)
    }
    return chunk
  }

  var hasChecksums: Bool {
    if case .chunked(let fletcher32, _) = self { return fletcher32 }
    return false
  }
}

extension HDF5Group {
  /// Writes `values` (C order) as a new dataset.
  @discardableResult
  package func write<T: HDF5Scalar>(
    _ name: String, _ values: [T], shape: [Int], options: DatasetOptions = .contiguous
  ) throws -> HDF5Dataset {
    try values.withUnsafeBufferPointer { try write(name, $0, shape: shape, options: options) }
  }

  /// Writes `values` (C order) as a new dataset.
  @discardableResult
  package func write<T: HDF5Scalar>(
    _ name: String, _ values: UnsafeBufferPointer<T>, shape: [Int], options: DatasetOptions = .contiguous
  ) throws -> HDF5Dataset {
    guard shape.allSatisfy({ $0 >= 0 }), shape.reduce(1, *) == values.count else {
      throw Failure(.internalError, "\(self.name)/\(name): \(values.count) values do not make a dataset of \(shape)")
    }
    return try HDF5Library.locked {
      let problem = "cannot write \(session.path): \(Self.join(path, name))"
      let fileType = try HDF5Library.check(chdf5_type_file(T.typeCode), .internalError, problem)
      defer { _ = chdf5_type_close(fileType) }
      let memoryType = try HDF5Library.check(chdf5_type_memory(T.typeCode), .internalError, problem)
      defer { _ = chdf5_type_close(memoryType) }
      return try write(
        name, UnsafeRawBufferPointer(values), fileType: fileType, memoryType: memoryType, shape: shape,
        chunk: options.chunk(shape: shape, elementByteCount: MemoryLayout<T>.stride),
        fletcher32: options.hasChecksums)
    }
  }

  /// Writes UTF-8 strings as a new one-dimensional dataset. Their length is fixed, because strings of variable length
  /// lie in a part of the file that no checksum covers.
  @discardableResult
  package func writeStrings(
    _ name: String, _ strings: [String], options: DatasetOptions = .contiguous
  ) throws -> HDF5Dataset {
    try write(name, strings: strings, shape: [strings.count], options: options)
  }

  /// Writes one UTF-8 string as a new scalar dataset.
  @discardableResult
  package func writeString(_ name: String, _ string: String) throws -> HDF5Dataset {
    try write(name, strings: [string], shape: [], options: .contiguous)
  }

  private func write(_ name: String, strings: [String], shape: [Int], options: DatasetOptions) throws -> HDF5Dataset {
    for string in strings where string.utf8.contains(0) {
      throw Failure(.badData, "\(self.name)/\(name): the string \(string.debugDescription) has a zero byte in it")
    }
    let width = max(1, strings.lazy.map(\.utf8.count).max() ?? 1)
    var bytes = [UInt8](repeating: 0, count: width * strings.count)
    for (index, string) in strings.enumerated() {
      bytes.replaceSubrange(index * width..<index * width + string.utf8.count, with: string.utf8)
    }
    return try HDF5Library.locked {
      let problem = "cannot write \(session.path): \(Self.join(path, name))"
      let type = try HDF5Library.check(chdf5_type_utf8(Int64(width)), .internalError, problem)
      defer { _ = chdf5_type_close(type) }
      return try bytes.withUnsafeBytes {
        try write(
          name, $0, fileType: type, memoryType: type, shape: shape,
          chunk: options.chunk(shape: shape, elementByteCount: width), fletcher32: options.hasChecksums)
      }
    }
  }

  private func write(
    _ name: String, _ values: UnsafeRawBufferPointer, fileType: Int64, memoryType: Int64, shape: [Int],
    chunk: [UInt64]?, fletcher32: Bool
  ) throws -> HDF5Dataset {
    let path = Self.join(path, name)
    let identifier = try use { parent in
      try HDF5Library.check(
        chdf5_dataset_create(
          parent, name, fileType, Int32(shape.count), shape.map { UInt64($0) }, chunk, fletcher32 ? 1 : 0),
        .inputOutput, "cannot create dataset \(session.path): \(path)")
    }
    if let base = values.baseAddress, values.count > 0 {
      do {
        try HDF5Library.check(
          chdf5_dataset_write(identifier, memoryType, base), .inputOutput, "cannot write \(session.path): \(path)")
      } catch {
        _ = chdf5_object_close(identifier)
        throw error
      }
    }
    return try HDF5Dataset(dataset: identifier, path: path, in: session)
  }
}
