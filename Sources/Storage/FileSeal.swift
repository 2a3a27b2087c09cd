import Basics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Checksums behind the end of an HDF5 file, where the HDF5 library does not look.
///
/// In the 1.10 format one kind of metadata has no checksum: the global heap, in which strings of variable length lie
/// (h5py reads only those as `str`). A flipped bit there can make the library read beyond its memory or loop for ever,
/// so the heap has to be checked before the library sees it. A seal over everything also tells that a file is complete.
///
/// Layout, little-endian: for each region uint64 offset, uint64 length, uint32 CRC-32C; then the 16 bytes
/// "fcn-dist seal 1\n", uint64 length of the HDF5 file, uint32 number of regions, uint32 CRC-32C of all of this before
/// itself. A file without the 16 bytes in this place has no seal. Tools that change the file drop it.
package enum FileSeal {
  /// Which bytes of the file the seal is over.
  package enum Coverage: Sendable {
    case everything
    /// What the format itself leaves without a checksum, raw data aside.
    case unprotectedMetadata
  }

  struct Region: Equatable {
    var range: Range<Int>
    var checksum: UInt32
  }

  private static let magic = Array("fcn-dist seal 1\n".utf8)
  private static let tailByteCount = 32
  private static let regionByteCount = 20

  /// Adds a seal to a closed file.
  static func append(to path: String, covering coverage: Coverage) throws {
    let file = try RawFile(path, flags: O_RDWR)
    let length = try file.byteCount()
    let ranges = coverage == .everything ? [0..<length] : try globalHeaps(file, length)
    var seal: [UInt8] = []
    for range in ranges {
      seal.append(contentsOf: bytes(UInt64(range.lowerBound)) + bytes(UInt64(range.count)))
      seal.append(contentsOf: bytes(try checksum(file, range)))
    }
    seal.append(contentsOf: magic + bytes(UInt64(length)) + bytes(UInt32(ranges.count)))
    seal.append(contentsOf: bytes(CRC32C.checksum(seal)))
    try file.write(seal, at: length)
  }

  /// Checks a file's seal, if it has one.
  ///
  /// - Returns: false if there is none.
  /// - Throws: `Failure(.badData)` if the file is not as it was sealed.
  @discardableResult
  package static func check(_ path: String) throws -> Bool {
    let file = try RawFile(path, flags: O_RDONLY)
    guard let regions = try regions(file) else { return false }
    for region in regions where try checksum(file, region.range) != region.checksum {
      throw Failure(
        .badData,
        "\(path) is damaged: its bytes \(region.range.lowerBound) to \(region.range.upperBound - 1) are not"
          + " those that were written", remedy: "use another copy of it")
    }
    return true
  }

  private static func regions(_ file: RawFile) throws -> [Region]? {
    let size = try file.byteCount()
    guard size >= tailByteCount else { return nil }
    let tail = try file.read(at: size - tailByteCount, count: tailByteCount)
    guard tail.starts(with: magic) else { return nil }
    let length = UInt64(littleEndian: load(tail, 16))
    let count = Int(UInt32(littleEndian: load(tail, 24)))
    let sealByteCount = count * regionByteCount + tailByteCount
    guard sealByteCount <= size, length == UInt64(size - sealByteCount) else { throw damaged(file) }
    let seal = try file.read(at: size - sealByteCount, count: sealByteCount)
    guard CRC32C.checksum(Array(seal.dropLast(4))) == UInt32(littleEndian: load(tail, 28)) else { throw damaged(file) }
    return try (0..<count).map { index in
      let offset = UInt64(littleEndian: load(seal, index * regionByteCount))
      let extent = UInt64(littleEndian: load(seal, index * regionByteCount + 8))
      guard offset <= length, extent <= length - offset else { throw damaged(file) }
      return Region(
        range: Int(offset)..<Int(offset + extent),
        checksum: UInt32(littleEndian: load(seal, index * regionByteCount + 16)))
    }
  }

  private static func damaged(_ file: RawFile) -> Failure {
    Failure(.badData, "\(file.path) is damaged: the seal at its end does not fit it", remedy: "use another copy of it")
  }

  private static func checksum(_ file: RawFile, _ range: Range<Int>) throws -> UInt32 {
    var result: UInt32 = 0
    try file.forEachBlock(of: range) { block, _ in result = CRC32C.checksum(block, continuing: result) }
    return result
  }

  /// Where global heap collections are: "GCOL", version 1, three zeros, uint64 size (HDF5 File Format Specification
  /// III.E). Raw data that looks like one is covered too, which does no harm.
  private static func globalHeaps(_ file: RawFile, _ length: Int) throws -> [Range<Int>] {
    let signature = Array("GCOL".utf8) + [1, 0, 0, 0]
    var places: Set<Int> = []
    try file.forEachBlock(of: 0..<length, overlap: signature.count - 1) { block, offset in
      guard let base = block.baseAddress else { return }
      var start = 0
      while let found = memchr(base + start, Int32(signature[0]), block.count - start) {
        let place = UnsafeRawPointer(found) - base
        guard place + signature.count <= block.count else { break }
        if memcmp(found, signature, signature.count) == 0 { places.insert(offset + place) }
        start = place + 1
      }
    }
    return try places.sorted().map { place in
      guard place + 16 <= length else { return place..<length }
      let size = UInt64(littleEndian: load(try file.read(at: place + 8, count: 8), 0))
      return place..<place + Int(min(size, UInt64(length - place)))
    }
  }

  private static func bytes<T: FixedWidthInteger>(_ value: T) -> [UInt8] {
    withUnsafeBytes(of: value.littleEndian) { Array($0) }
  }

  private static func load<T: FixedWidthInteger & BitwiseCopyable>(_ bytes: [UInt8], _ offset: Int) -> T {
    bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: offset, as: T.self) }
  }
}
