import Basics
import Storage

/// The values of a dataset, checked against its `crc32c` attribute while they are read.
struct FileTensor: TensorSource {
  private static let pieceByteCount = 8 << 20
  let dataset: HDF5Dataset
  /// Of the values as stored; nil where there is none or the values are converted on reading.
  private let checksum: UInt32?

  init(_ dataset: HDF5Dataset) throws {
    guard [.float16, .float32, .float64].contains(dataset.type) else {
      throw Failure(.badData, "\(dataset.name) holds \(dataset.type.rawValue) values, a parameter is floating point")
    }
    self.dataset = dataset
    checksum = dataset.type == .float32 ? try StoredChecksum.read(of: dataset) : nil
  }

  func forEachPiece(_ body: (UnsafeBufferPointer<Float>) throws -> Void) throws {
    guard let rowCount = dataset.shape.first, dataset.count > 0 else {
      return try dataset.read(as: Float.self).withUnsafeBufferPointer { values in
        try check(CRC32C.checksum(UnsafeRawBufferPointer(values)))
        try body(values)
      }
    }
    let valuesPerRow = dataset.count / rowCount
    let step = rowsPerPiece(valuesPerRow)
    // What the dataset claims is compared with the file's size before memory is taken for it.
    try dataset.checkReadable(as: Float.self)
    let buffer = UnsafeMutableBufferPointer<Float>.allocate(capacity: min(step, rowCount) * valuesPerRow)
    defer { buffer.deallocate() }
    var found: UInt32 = 0
    for row in stride(from: 0, to: rowCount, by: step) {
      let rows = row..<min(row + step, rowCount)
      let piece = UnsafeMutableBufferPointer(rebasing: buffer[..<(rows.count * valuesPerRow)])
      try dataset.readRows(rows, into: piece)
      found = CRC32C.checksum(UnsafeRawBufferPointer(piece), continuing: found)
      try body(UnsafeBufferPointer(piece))
    }
    try check(found)
  }

  /// Whole chunks, so that none is read twice.
  private func rowsPerPiece(_ valuesPerRow: Int) -> Int {
    let rows = max(1, Self.pieceByteCount / 4 / valuesPerRow)
    guard let rowsPerChunk = dataset.rowsPerChunk, rowsPerChunk > 0 else { return rows }
    return max(1, rows / rowsPerChunk) * rowsPerChunk
  }

  private func check(_ found: UInt32) throws {
    if let checksum { try StoredChecksum.compare(checksum, with: found, dataset) }
  }
}

/// The attribute `crc32c` of a dataset: CRC-32C over its values as they lie in the file (C order, little-endian; strings
/// with their padding).
enum StoredChecksum {
  static let attribute = "crc32c"

  static func read(of dataset: HDF5Dataset) throws -> UInt32? {
    guard dataset.hasAttribute(attribute) else { return nil }
    guard let value = UInt32(exactly: try dataset.integerAttribute(attribute)) else {
      throw Failure(.badData, "\(dataset.name)@\(attribute) is not a checksum")
    }
    return value
  }

  static func compare(_ expected: UInt32, with found: UInt32, _ dataset: HDF5Dataset) throws {
    guard expected == found else {
      throw Failure(.badData, "\(dataset.name) is damaged: its checksum does not fit its values")
    }
  }

  /// All values of a small dataset, checked.
  static func values<T: HDF5Scalar>(of dataset: HDF5Dataset, as type: T.Type = T.self) throws -> [T] {
    let values = try dataset.read(as: T.self)
    if dataset.type == T.hdf5Type, let expected = try read(of: dataset) {
      try compare(expected, with: CRC32C.checksum(values), dataset)
    }
    return values
  }

  /// All strings of a dataset, checked unless they are of variable length.
  static func strings(of dataset: HDF5Dataset) throws -> [String] {
    if let expected = try read(of: dataset), let bytes = try dataset.readStringBytes() {
      try compare(expected, with: CRC32C.checksum(bytes), dataset)
    }
    return try dataset.readStrings()
  }
}
