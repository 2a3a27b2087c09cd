import CVector

/// CRC-32C (Castagnoli), as in iSCSI (RFC 3720) and in FORMATS.md sections 3 and 4.
package enum CRC32C {
  /// The checksum of `bytes`, continuing from an earlier `checksum` (0 to begin).
  package static func checksum(_ bytes: UnsafeRawBufferPointer, continuing checksum: UInt32 = 0) -> UInt32 {
    guard let base = bytes.baseAddress else { return checksum }
    return cvector_crc32c(checksum, base, bytes.count)
  }

  /// The checksum of the bytes of `values`, as they lie in memory.
  package static func checksum<T>(_ values: [T]) -> UInt32 { values.withUnsafeBytes { checksum($0) } }
}
