import Basics
import CHDF5

/// A dataset of an HDF5 file. What it says about itself comes from the file and is checked before memory is taken for
/// it.
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
    let facts: DatasetFacts
    do { facts = try session.read(identifier, path) { try $0.facts(of: $1) } } catch {
      _ = try? session.read(identifier, path) { $0.close($1.identifier) }
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
    try read(rows: nil, expecting: count, into: buffer)
  }

  /// The values of some entries of the first dimension; `buffer` has room for exactly those.
  package func readRows<T: HDF5Scalar>(_ rows: Range<Int>, into buffer: UnsafeMutableBufferPointer<T>) throws {
    guard let rowCount = shape.first, rows.lowerBound >= 0, rows.upperBound <= rowCount else {
      throw Failure(.internalError, "\(name): rows \(rows) of a dataset of \(shape)")
    }
    try read(rows: rows, expecting: rowCount == 0 ? 0 : count / rowCount * rows.count, into: buffer)
  }

  private func read<T: HDF5Scalar>(
    rows: Range<Int>?, expecting expected: Int, into buffer: UnsafeMutableBufferPointer<T>
  ) throws {
    guard buffer.count == expected else {
      throw Failure(.internalError, "\(name): \(expected) values do not fit a buffer of \(buffer.count)")
    }
    try checkReadable(as: T.self)
    try read { try $0.read($1, as: T.typeCode, rows: rows, into: UnsafeMutableRawBufferPointer(buffer)) }
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
