import Basics
import Testing

@Suite struct CRC32CTests {
  /// RFC 3720, appendix B.4.
  @Test func publishedVectors() {
    #expect(CRC32C.checksum([UInt8](repeating: 0, count: 32)) == 0x8A91_36AA)
    #expect(CRC32C.checksum([UInt8](repeating: 0xFF, count: 32)) == 0x62A8_AB43)
    #expect(CRC32C.checksum((0..<32).map(UInt8.init)) == 0x46DD_794E)
    #expect(CRC32C.checksum(Array("123456789".utf8)) == 0xE306_9283)
    #expect(CRC32C.checksum([UInt8]()) == 0)
  }

  func bitwise(_ bytes: [UInt8]) -> UInt32 {
    var crc = UInt32.max
    for byte in bytes {
      crc ^= UInt32(byte)
      for _ in 0..<8 { crc = crc & 1 == 1 ? (crc >> 1) ^ 0x82F6_3B78 : crc >> 1 }
    }
    return ~crc
  }

  /// The fast path joins three streams of 4,096 bytes: lengths around its multiples are where it would go wrong.
  @Test(arguments: [1, 7, 8, 9, 4_096, 12_287, 12_288, 12_289, 24_577, 40_000])
  func longBuffersAgreeWithTheDefinition(count: Int) {
    var generator = Philox(seed: 5, purpose: .test, stream: UInt64(count))
    let bytes = (0..<count).map { _ in UInt8(truncatingIfNeeded: generator.nextUInt32()) }
    #expect(CRC32C.checksum(bytes) == bitwise(bytes))
    let cut = count / 3
    let parts = bytes.withUnsafeBytes { all in
      CRC32C.checksum(
        UnsafeRawBufferPointer(rebasing: all[cut...]),
        continuing: CRC32C.checksum(UnsafeRawBufferPointer(rebasing: all[..<cut])))
    }
    #expect(parts == bitwise(bytes))
  }
}
