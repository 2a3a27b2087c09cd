import Basics
import CHDF5

/// What a file says of a dataset.
struct DatasetFacts {
  let shape: [Int]
  /// Number of elements.
  let count: Int
  /// Bytes of all elements as the file's type has them.
  let byteCount: Int
  let description: chdf5_type_description
  let storage: chdf5_storage_description
  /// Whether the elements lie in the file as little-endian memory has them.
  let isLittleEndianStandard: Bool

  /// - Throws: `Failure(.badData)` if there is no such number of bytes.
  init(
    extents: some Collection<UInt64>, description: chdf5_type_description, storage: chdf5_storage_description,
    isLittleEndianStandard: Bool, name: String
  ) throws {
    (shape, count) = try checkedShape(extents, name)
    let (bytes, overflow) = count.multipliedReportingOverflow(by: Int(description.size))
    guard !overflow, bytes >= 0 else { throw Failure(.badData, "\(name) claims an impossible size (\(shape))") }
    byteCount = bytes
    self.description = description
    self.storage = storage
    self.isLittleEndianStandard = isLittleEndianStandard
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
