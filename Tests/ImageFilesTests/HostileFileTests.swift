import Basics
import Foundation
import ImageFiles
import TestSupport
import Testing

/// Files that lie, that are cut or that are damaged: an error or a picture, never a crash.
@Suite struct HostileFileTests {
  private func png(_ width: UInt32, _ height: UInt32) -> [UInt8] {
    var header = Array("IHDR".utf8)
    header += bigEndian(width)
    header += bigEndian(height)
    header += [8, 2, 0, 0, 0] as [UInt8]
    var bytes = PNG.signature
    bytes += bigEndian(13)
    bytes += header
    bytes += bigEndian(checksum(header))
    bytes += bigEndian(0)
    bytes += Array("IDAT".utf8)
    bytes += bigEndian(0x35AF_061E)
    return bytes
  }

  private func bigEndian(_ value: UInt32) -> [UInt8] { withUnsafeBytes(of: value.bigEndian) { Array($0) } }

  /// CRC-32 of PNG, bit by bit.
  private func checksum(_ bytes: [UInt8]) -> UInt32 {
    var crc = ~UInt32(0)
    for byte in bytes {
      crc ^= UInt32(byte)
      for _ in 0..<8 { crc = crc & 1 == 1 ? (crc >> 1) ^ 0xEDB8_8320 : crc >> 1 }
    }
    return ~crc
  }

  @Test func sizesBeyondTheLimitsAreRefusedBeforeMemoryIsTaken() throws {
    for (width, height) in [(70_000, 10), (10, 70_000), (60_000, 60_000), (0, 5)] as [(UInt32, UInt32)] {
      let failure = #expect(throws: Failure.self) { try PNG.header(of: png(width, height)) }
      #expect(failure?.kind == .badData)
    }
    let failure = #expect(throws: Failure.self) { try PNG.read(png(10_000, 10_000), name: "bomb.png") }
    #expect(failure?.message.contains("bomb.png") == true)
    #expect(failure?.message.contains("too short for the size") == true)
  }

  @Test func filesThatAreNoImageAreNamed() throws {
    let folder = TemporaryFolder()
    try "text".write(toFile: folder.file("a.png"), atomically: false, encoding: .utf8)
    try Data().write(to: URL(fileURLWithPath: folder.file("b.jpg")))
    for name in ["a.png", "b.jpg"] {
      let failure = #expect(throws: Failure.self) { try ImageFile.read(folder.file(name)) }
      #expect(failure?.kind == .badData)
      #expect(failure?.message.contains(name) == true)
    }
    #expect(throws: Failure.self) { try PNG.read([]) }
    #expect(throws: Failure.self) { try JPEG.read([]) }
    let missing = #expect(throws: Failure.self) { try ImageFile.read(folder.file("c.png")) }
    #expect(missing?.kind == .missingInput)
    #expect(throws: Failure.self) { try ImageFile.read(folder.path) }
  }

  @Test(.enabled(if: Python.hasPillow)) func mutatedFilesNeverCrash() throws {
    let folder = TemporaryFolder()
    try Python.run(
      """
      import sys
      from PIL import Image
      d = sys.argv[1]
      noise = Image.effect_noise((40, 30), 60)
      Image.merge('RGB', [noise, noise.rotate(90), noise]).save(d + '/rgb.png')
      noise.convert('P').save(d + '/palette.png')
      Image.merge('RGB', [noise, noise, noise]).save(d + '/rgb.jpg')
      Image.merge('RGB', [noise, noise, noise]).save(d + '/scans.jpg', progressive=True)
      noise.save(d + '/grey.jpg')
      Image.merge('CMYK', [noise, noise, noise, noise]).save(d + '/ink.jpg')
      Image.merge('RGB', [noise, noise, noise]).save(d + '/lzw.tif', compression='tiff_lzw')
      noise.convert('P').save(d + '/deflate.tif', compression='tiff_adobe_deflate')
      noise.convert('F').save(d + '/raw.tif')
      noise.convert('P').save(d + '/palette.bmp')
      Image.merge('RGB', [noise, noise, noise]).save(d + '/rgb.bmp')
      Image.merge('RGB', [noise, noise, noise]).save(d + '/lossy.webp')
      Image.merge('RGBA', [noise, noise, noise, noise]).save(d + '/lossless.webp', lossless=True)
      """, folder.path)
    var refused = 0
    for (index, name) in folder.names.enumerated() {
      let whole = try FileBytes.read(folder.file(name))
      var random = Philox(seed: 3, purpose: .test, stream: UInt64(index))
      for _ in 0..<400 {
        let bytes = mutated(whole, &random)
        do {
          let image = try ImageFile.read(bytes, name: name)
          #expect(image.pixels.count == image.width * image.height * image.channels)
        } catch let failure as Failure {
          #expect(failure.kind == .badData, "\(failure)")
          refused += 1
        }
      }
    }
    #expect(refused > 1000)
  }

  /// One to four changes: a byte, a cut, a repeated piece.
  private func mutated(_ whole: [UInt8], _ random: inout Philox) -> [UInt8] {
    var bytes = whole
    for _ in 0...random.next(below: 4) where bytes.count > 16 {
      let place = Int(random.next(below: UInt32(bytes.count)))
      switch random.next(below: 8) {
      case 0: bytes.removeSubrange(place...)
      case 1: bytes.insert(contentsOf: bytes[(place / 2)..<place], at: place)
      case 2: bytes.removeSubrange(place..<min(bytes.count, place + 5))
      // Headers are where damage does most.
      case 3, 4: bytes[min(place, Int(random.next(below: 64)))] = UInt8(random.next(below: 256))
      default: bytes[place] ^= UInt8(1 << random.next(below: 8))
      }
    }
    return bytes
  }
}
