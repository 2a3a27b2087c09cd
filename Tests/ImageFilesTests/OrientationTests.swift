import Basics
import Foundation
import ImageFiles
import TestSupport
import Testing

/// Pictures are read as every viewer shows them.
@Suite struct OrientationTests {
  /// A PNG of 3 x 2 indices with an eXIf chunk.
  private func png(_ orientation: UInt8) throws -> [UInt8] {
    let plain = try PNG.encode(
      Image(width: 3, height: 2, channels: 1, pixels: [1, 2, 3, 4, 5, 6], palette: [UInt8](repeating: 7, count: 21)))
    var chunk = Array("eXIfMM\0*".utf8)
    chunk += [0, 0, 0, 8, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0, 0, 0, 0, 0]
    let length = UInt8(chunk.count - 4)
    var crc = ~UInt32(0)
    for byte in chunk {
      crc ^= UInt32(byte)
      for _ in 0..<8 { crc = crc & 1 == 1 ? (crc >> 1) ^ 0xEDB8_8320 : crc >> 1 }
    }
    chunk = [0, 0, 0, length] + chunk + withUnsafeBytes(of: (~crc).bigEndian) { Array($0) }
    return Array(plain.prefix(33)) + chunk + plain.dropFirst(33)
  }

  @Test(
    arguments: [
      (1, 3, [1, 2, 3, 4, 5, 6]), (2, 3, [3, 2, 1, 6, 5, 4]), (3, 3, [6, 5, 4, 3, 2, 1]), (4, 3, [4, 5, 6, 1, 2, 3]),
      (5, 2, [1, 4, 2, 5, 3, 6]), (6, 2, [4, 1, 5, 2, 6, 3]), (7, 2, [6, 3, 5, 2, 4, 1]), (8, 2, [3, 6, 2, 5, 1, 4]),
      (9, 3, [1, 2, 3, 4, 5, 6]),
    ] as [(UInt8, Int, [UInt8])])
  func everyOrientationOfALabel(_ orientation: UInt8, _ width: Int, _ expected: [UInt8]) throws {
    let image = try ImageFile.read(png(orientation), name: "label.png")
    #expect(image.width == width && image.height == 6 / width)
    #expect(image.pixels == .uint8(expected))
    #expect(image.palette != nil)
    #expect(image.facts.isTurned == (2...8).contains(orientation))
    let header = try PNG.header(of: png(orientation))
    #expect(header.width == width && header.height == 6 / width)
  }

  // Needs python3 with Pillow and numpy as the independent side.
  @Test(.enabled(if: Python.hasPillow)) func turnsAsPillowDoesInEveryFormat() throws {
    let folder = TemporaryFolder()
    try Python.run(
      """
      import sys
      import numpy as np
      from PIL import Image, ImageOps
      d = sys.argv[1]
      y, x = np.mgrid[0:20, 0:34]
      picture = Image.fromarray(np.stack([x * 7, y * 12, 255 - x * 3], -1).astype(np.uint8))
      for o in range(1, 9):
          exif = Image.Exif(); exif[0x0112] = o
          for ending, options in (('jpg', {'quality': 95}), ('png', {}), ('webp', {'lossless': True}), ('tif', {})):
              path = f'{d}/{o}.{ending}'
              picture.save(path, exif=exif, **options)
              turned = ImageOps.exif_transpose(Image.open(path))
              open(f'{path}.raw', 'wb').write(bytes([turned.width, turned.height]) + turned.convert('RGB').tobytes())
      """, folder.path)
    let notes = ImageNotes()
    let names = folder.names.filter { !$0.hasSuffix(".raw") }
    #expect(names.count == 32)
    for name in names {
      let image = try ImageFile.read(folder.file(name), notes: notes)
      let header = try ImageFile.header(folder.file(name))
      #expect(header.width == image.width && header.height == image.height)
      let raw = try FileBytes.read(folder.file(name + ".raw"))
      #expect(image.width == Int(raw[0]) && image.height == Int(raw[1]), "\(name)")
      guard case .uint8(let values) = image.pixels else { throw Failure(.badData, "not 8 bits") }
      let worst = zip(values, raw.dropFirst(2)).map { abs(Int($0) - Int($1)) }.max()
      let allowed = name.hasSuffix("jpg") ? 2 : 0
      #expect(values.count == raw.count - 2 && (worst ?? 9) <= allowed, "\(name) \(worst ?? -1)")
    }
    #expect(notes.lines == ["28 pictures were turned as the EXIF orientation says"])
  }
}
