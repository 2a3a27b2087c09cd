import Basics
import Foundation
import ImageFiles
import TestSupport
import Testing

/// TIFF, BMP and WebP.
@Suite struct FormatTests {
  private func little(_ value: Int, _ count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
  }

  /// A bitmap made by hand: rows from the bottom, padded to four bytes.
  private func bmp(bits: Int, width: Int, height: Int, palette: [UInt8], pixels: [UInt8]) -> [UInt8] {
    let offset = 54 + palette.count
    var bytes = Array("BM".utf8) + little(offset + pixels.count, 4) + little(0, 4) + little(offset, 4)
    bytes += little(40, 4) + little(width, 4) + little(height, 4) + little(1, 2) + little(bits, 2)
    bytes += [UInt8](repeating: 0, count: 24)
    return bytes + palette + pixels
  }

  /// A TIFF file made by hand, of one strip that is not compressed.
  private func tiff(width: Int, height: Int, bits: Int, bands: Int, format: Int, pixels: [UInt8]) -> [UInt8] {
    let entries = [
      (256, 3, width), (257, 3, height), (258, 3, bits), (259, 3, 1), (262, 3, 1), (273, 4, 8), (277, 3, bands),
      (278, 3, height), (279, 4, pixels.count), (339, 3, format),
    ]
    var bytes: [UInt8] = [0x49, 0x49, 42, 0] + little(8 + pixels.count, 4) + pixels + little(entries.count, 2)
    for (tag, type, value) in entries { bytes += little(tag, 2) + little(type, 2) + little(1, 4) + little(value, 4) }
    return bytes + little(0, 4)
  }

  @Test func readsBitmapsMadeByHand() throws {
    let colour = bmp(bits: 24, width: 1, height: 2, palette: [], pixels: [1, 2, 3, 0, 4, 5, 6, 0])
    #expect(try ImageFile.read(colour, name: "a").pixels == .uint8([6, 5, 4, 3, 2, 1]))
    let palette = (0..<16).flatMap { (index: UInt8) -> [UInt8] in [index, 0, 2 * index, 0] }
    let indexed = try ImageFile.read(
      bmp(bits: 4, width: 3, height: 1, palette: palette, pixels: [0x1F, 0x20, 0, 0]), name: "b")
    #expect(indexed.pixels == .uint8([1, 15, 2]))
    #expect(indexed.palette?.prefix(6) == [0, 0, 0, 2, 0, 1])
    for count in 0..<colour.count {
      #expect(throws: Failure.self) { try ImageFile.read(Array(colour.prefix(count)), name: "cut") }
    }
  }

  @Test func readsTIFFMadeByHand() throws {
    let bytes = try ImageFile.read(
      tiff(width: 3, height: 1, bits: 16, bands: 1, format: 1, pixels: [1, 0, 0, 2, 255, 255]), name: "a")
    #expect(bytes.pixels == .uint16([1, 512, 65535]) && bytes.bitDepth == 16)
    let float = withUnsafeBytes(of: Float(-1.5)) { Array($0) }
    let floats = try ImageFile.read(tiff(width: 1, height: 1, bits: 32, bands: 1, format: 3, pixels: float), name: "b")
    #expect(floats.pixels == .float32([-1.5]))
    let failure = #expect(throws: Failure.self) {
      try ImageFile.read(tiff(width: 1, height: 1, bits: 32, bands: 1, format: 2, pixels: float), name: "c.tif")
    }
    let words = "c.tif is not a usable TIFF file: its samples are signed numbers of 32 bits"
    #expect(failure?.message.contains(words) == true)
    let huge = tiff(width: 60_000, height: 4_000, bits: 8, bands: 1, format: 1, pixels: [1])
    #expect(throws: Failure.self) { try ImageFile.read(huge, name: "d") }
  }

  // Needs python3 with Pillow and numpy as the independent side.
  @Test(.enabled(if: Python.hasPillow)) func readsWhatPillowWrites() throws {
    let folder = TemporaryFolder()
    try Python.run(
      """
      import sys
      import numpy as np
      from PIL import Image
      d = sys.argv[1]
      rng = np.random.default_rng(3)
      a = rng.integers(0, 256, (37, 53, 4)).astype(np.uint8)
      rgb, rgba, grey = Image.fromarray(a[..., :3]), Image.fromarray(a), Image.fromarray(a[..., 0])
      def save(name, image, expected=None, **options):
          image.save(f'{d}/{name}', **options)
          open(f'{d}/{name}.raw', 'wb').write((np.asarray(image) if expected is None else expected).tobytes())
      for c in ('raw', 'tiff_adobe_deflate', 'tiff_lzw', 'packbits'):
          for n, i in (('rgb', rgb), ('rgba', rgba), ('grey', grey)): save(f'{n}-{c}.tif', i, compression=c)
          save(f'deep-{c}.tif', Image.fromarray(a[..., 0].astype(np.uint16) * 257), compression=c)
          save(f'float-{c}.tif', Image.fromarray(a[..., 0].astype(np.float32) / 7), compression=c)
      bits = Image.fromarray((a[..., 0] > 99))
      save('bits.tif', bits, (a[..., 0] > 99).astype(np.uint8), compression='raw')
      palette = rgb.quantize(17); save('palette.tif', palette); save('palette.bmp', palette)
      save('rgb.bmp', rgb); save('grey.bmp', grey); save('rgbx.bmp', rgba, a[..., :3])
      save('bits.bmp', bits, (a[..., 0] > 99).astype(np.uint8))
      save('rgb.webp', rgb, lossless=True); save('rgba.webp', rgba, lossless=True, exact=True)
      """, folder.path)
    let names = folder.names.filter { !$0.hasSuffix(".raw") }
    #expect(names.count == 29)
    for name in names {
      let image = try ImageFile.read(folder.file(name))
      let header = try ImageFile.header(folder.file(name))
      #expect(image.width == 53 && image.height == 37 && header.channels == image.channels, "\(name)")
      #expect((image.palette != nil) == (name.hasPrefix("palette") || name == "bits.bmp"), "\(name)")
      try expectEqual(image, folder.file(name + ".raw"), name)
    }
  }

  @Test(.enabled(if: Python.hasTifffile)) func readsTilesPlanesAndManyBands() throws {
    let folder = TemporaryFolder()
    try Python.run(
      """
      import sys
      import numpy as np, tifffile
      d = sys.argv[1]
      rng = np.random.default_rng(4)
      for bands in (1, 3, 7, 16):
          for kind in ('uint8', 'uint16', 'float32'):
              for planar in ('contig', 'separate'):
                  if bands == 1 and planar == 'separate': continue
                  for tile in (None, (16, 32)):
                      for byteorder in '<>':
                          a = (rng.random((37, 53, bands)) * 250).astype(kind)
                          stored = a.transpose(2, 0, 1) if planar == 'separate' else a if bands > 1 else a[..., 0]
                          name = f'{d}/{bands}-{kind}-{planar}-{tile is not None}-{ord(byteorder)}.tif'
                          tifffile.imwrite(name, stored, byteorder=byteorder, tile=tile, bigtiff=tile is None,
                                           rowsperstrip=None if tile else 5, photometric='minisblack',
                                           planarconfig=planar if bands > 1 else None, compression='zlib' if tile else None)
                          open(name + '.raw', 'wb').write(a.tobytes())
      """, folder.path)
    let names = folder.names.filter { !$0.hasSuffix(".raw") }
    #expect(names.count == 84)
    for name in names {
      let image = try ImageFile.read(folder.file(name))
      #expect(image.width == 53 && image.height == 37 && "\(image.channels)" == name.prefix { $0 != "-" }, "\(name)")
      try expectEqual(image, folder.file(name + ".raw"), name)
    }
  }

  private func expectEqual(_ image: Image, _ raw: String, _ name: String) throws {
    let expected = try FileBytes.read(raw)
    let bytes =
      switch image.pixels {
      case .uint8(let values): values
      case .uint16(let values): values.withUnsafeBytes { Array($0) }
      case .float32(let values): values.withUnsafeBytes { Array($0) }
      }
    let isEqual = bytes == expected
    #expect(isEqual, "\(name)")
  }
}
