import Basics
import CHDF5

/// A dataset of an HDF5 file. What it says about itself comes from the file and is checked before memory is taken for it.
package final class HDF5Dataset: HDF5Object, @unchecked Sendable {
  /// Extent of each dimension; empty for a scalar.
  package let shape: [Int]
  package let type: HDF5ElementType
  /// Number of elements, the product of `shape`.
  package let count: Int
  /// Bytes of all elements as the file's type has them (16 for each string of variable length).
  package let storedByteCount: Int
  private let storage: chdf5_storage_description
  let description: chdf5_type_description
  private let isLittleEndianStandard: Bool

  /// Takes `identifier` over, also when it throws.
  init(dataset identifier: Int64, path: String, in session: HDF5Session) throws {
    let name = "\(session.path): \(path)"
    let facts: Facts
    do { facts = try Facts(identifier, name) } catch {
      _ = HDF5Library.locked { chdf5_object_close(identifier) }
      throw error
    }
    shape = facts.shape
    count = facts.count
    storedByteCount = facts.byteCount
    storage = facts.storage
    description = facts.description
    type = HDF5ElementType(facts.description)
    isLittleEndianStandard = facts.isLittleEndianStandard
    super.init(adopting: identifier, path: path, in: session)
  }

  /// Where the values begin in the file, if they lie there in one piece exactly as little-endian memory has them: then
  /// they can be read without the library (`storedByteCount` bytes).
  package var fileOffset: Int? {
    guard storage.layout == Int32(CHDF5_LAYOUT_CONTIGUOUS), storage.external_count == 0, storage.offset >= 0,
      isLittleEndianStandard, storage.stored_size == storedByteCount
    else { return nil }
    let offset = Int(storage.offset)
    if let fileSize = session.byteCount, storedByteCount > fileSize || offset > fileSize - storedByteCount {
      return nil
    }
    return offset
  }

  /// Extent of the first dimension of a chunk; nil if the dataset is not chunked.
  package var rowsPerChunk: Int? {
    guard storage.layout == Int32(CHDF5_LAYOUT_CHUNKED), !shape.isEmpty else { return nil }
    return Int(clamping: withUnsafeBytes(of: storage.chunk) { $0.load(as: UInt64.self) })
  }

  /// All values in C order. Integers may be read as wider ones; floating point is converted with rounding.
  ///
  /// - Throws: `Failure(.badData)` if the type does not fit, or the file is damaged.
  package func read<T: HDF5Scalar>(as _: T.Type = T.self) throws -> [T] {
    try checkReadable(as: T.self)
    return try [T](unsafeUninitializedCapacity: count) { buffer, filled in
      try read(into: UnsafeMutableBufferPointer(start: buffer.baseAddress, count: count))
      filled = count
    }
  }

  /// All values in C order; `buffer` has room for exactly `count`.
  package func read<T: HDF5Scalar>(into buffer: UnsafeMutableBufferPointer<T>) throws {
    try read(into: buffer, expecting: count) { chdf5_dataset_read($0, $1, $2) }
  }

  /// The values of some entries of the first dimension; `buffer` has room for exactly those.
  package func readRows<T: HDF5Scalar>(_ rows: Range<Int>, into buffer: UnsafeMutableBufferPointer<T>) throws {
    guard let rowCount = shape.first, rows.lowerBound >= 0, rows.upperBound <= rowCount else {
      throw Failure(.internalError, "\(name): rows \(rows) of a dataset of \(shape)")
    }
    let expected = rowCount == 0 ? 0 : count / rowCount * rows.count
    try read(into: buffer, expecting: expected) {
      chdf5_dataset_read_rows($0, $1, UInt64(rows.lowerBound), UInt64(rows.count), $2)
    }
  }

  private func read<T: HDF5Scalar>(
    into buffer: UnsafeMutableBufferPointer<T>, expecting expected: Int,
    _ body: (Int64, Int64, UnsafeMutableRawPointer) -> Int32
  ) throws {
    guard buffer.count == expected else {
      throw Failure(.internalError, "\(name): \(expected) values do not fit a buffer of \(buffer.count)")
    }
    try use { dataset in
      try checkReadable(as: T.self)
      guard expected > 0, let base = buffer.baseAddress else { return }
      let memoryType = try HDF5Library.check(chdf5_type_memory(T.typeCode), .internalError, name)
      defer { _ = chdf5_type_close(memoryType) }
      try HDF5Library.check(body(dataset, memoryType, base), .badData, "\(name) is damaged")
    }
  }

  /// Compares what the dataset claims with the type wanted and with what the file can hold.
  ///
  /// - Throws: `Failure(.badData)` if it could not be read in full.
  package func checkReadable<T: HDF5Scalar>(as _: T.Type) throws {
    guard type.canBeRead(as: T.hdf5Type) else {
      throw Failure(.badData, "\(name) holds \(type.rawValue) values where \(T.hdf5Type.rawValue) is expected")
    }
    guard !count.multipliedReportingOverflow(by: MemoryLayout<T>.stride).overflow else {
      throw Failure(.badData, "\(name) claims an impossible size (\(shape))")
    }
    try checkStorage()
  }

  /// Compares the claimed size with what the file can hold, before any memory is taken.
  func checkStorage() throws {
    // A file that is being written here is trusted, and may not have got its values yet.
    guard let fileSize = session.byteCount, count > 0 else { return }
    guard storage.layout != Int32(CHDF5_LAYOUT_OTHER), storage.external_count == 0 else {
      throw Failure(.badData, "\(name) keeps its values outside the file, which is not supported")
    }
    let isIncomplete = Failure(
      .badData, "\(name) claims \(storedByteCount) bytes (\(shape)), the file holds \(storage.stored_size) of them")
    let stored = Int(storage.stored_size)
    guard stored <= fileSize else { throw isIncomplete }
    // Deflate makes data at most 1032 times smaller; the other usual filters less.
    let ratio = storage.compressing_count > 0 ? 1100 : 1
    guard stored >= (storedByteCount - 1) / ratio + 1 else { throw isIncomplete }
    if storage.layout == Int32(CHDF5_LAYOUT_CONTIGUOUS) {
      guard storage.offset >= 0, Int(storage.offset) <= fileSize - stored else { throw isIncomplete }
    }
    if storage.layout == Int32(CHDF5_LAYOUT_CHUNKED) { try checkChunk() }
  }

  private func checkChunk() throws {
    let extents = withUnsafeBytes(of: storage.chunk) { Array($0.bindMemory(to: UInt64.self)) }.prefix(shape.count)
    var byteCount = Int(description.size)
    for extent in extents {
      let (product, overflow) = byteCount.multipliedReportingOverflow(by: Int(clamping: extent))
      byteCount = overflow ? Int.max : product
    }
    guard byteCount <= max(64 << 20, storedByteCount) else {
      throw Failure(.badData, "\(name) claims chunks of \(extents.map(String.init).joined(separator: "x")) elements")
    }
  }
}

/// What the file says of a dataset.
private struct Facts {
  var shape: [Int] = []
  var count = 1
  var byteCount = 0
  var storage = chdf5_storage_description()
  var description = chdf5_type_description()
  var isLittleEndianStandard = false

  init(_ identifier: Int64, _ name: String) throws {
    let problem = "cannot read what \(name) is"
    try HDF5Library.locked {
      let type = try HDF5Library.check(chdf5_dataset_type(identifier), .badData, problem)
      defer { _ = chdf5_type_close(type) }
      try HDF5Library.check(chdf5_type_describe(type, &description), .badData, problem)
      if let code = HDF5ElementType(description).code {
        isLittleEndianStandard =
          try HDF5Library.check(chdf5_type_is_file_type(type, code), .badData, problem) > 0
      }
      var extents = [UInt64](repeating: 0, count: Int(CHDF5_MAXIMUM_RANK))
      let rank = try HDF5Library.check(chdf5_dataset_shape(identifier, &extents), .badData, problem)
      (shape, count) = try checkedShape(extents.prefix(Int(rank)), name)
      let (bytes, overflow) = count.multipliedReportingOverflow(by: Int(description.size))
      guard !overflow else { throw Failure(.badData, "\(name) claims an impossible size (\(shape))") }
      byteCount = bytes
      try HDF5Library.check(chdf5_dataset_storage(identifier, &storage), .badData, problem)
    }
  }
}

/// Extents from a file as integers whose product is one too.
func checkedShape(_ extents: some Collection<UInt64>, _ name: String) throws -> (shape: [Int], count: Int) {
  var count = 1
  var shape: [Int] = []
  for extent in extents {
    let (product, overflow) = count.multipliedReportingOverflow(by: Int(clamping: extent))
    guard extent <= UInt64(Int.max), !overflow else {
      throw Failure(.badData, "\(name) claims an impossible size (\(extents.map(String.init).joined(separator: "x")))")
    }
    shape.append(Int(extent))
    count = product
  }
  return (shape, count)
}
