import Basics
import Foundation
import ImageFiles
import TestSupport
import Testing

/// Writes every colour type and depth of PNG with zlib and struct alone, plain and interlaced (Adam7), and the samples
/// beside it as little-endian 16-bit numbers.
private let writer = """
  import sys, struct, zlib
  import numpy as np
  folder = sys.argv[1]
  def chunk(name, data): return struct.pack('>I', len(data)) + name + data + struct.pack('>I', zlib.crc32(name + data))
  def rows(a, depth):
      out = b''
      for row in a:
          bits = ''.join(format(int(v), '0%db' % depth) for v in row.reshape(-1))
          bits += '0' * (-len(bits) % 8)
          out += b'\\0' + int(bits, 2).to_bytes(len(bits) // 8, 'big')
      return out
  adam7 = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)]
  rng = np.random.default_rng(5)
  for color, channels, depths in [(0, 1, (1, 2, 4, 8, 16)), (2, 3, (8, 16)), (3, 1, (1, 2, 4, 8)), (4, 2, (8, 16)), (6, 4, (8, 16))]:
      for depth in depths:
          for interlace in (0, 1):
              a = rng.integers(0, 1 << depth, (11, 13, channels))
              data = b''.join(rows(a[y::dy, x::dx], depth) for y, x, dy, dx in adam7 if a[y::dy, x::dx].size) if interlace else rows(a, depth)
              palette = bytes(range(256)) * 3
              png = b'\\x89PNG\\r\\n\\x1a\\n' + chunk(b'IHDR', struct.pack('>IIBBBBB', 13, 11, depth, color, 0, 0, interlace))
              if color == 3: png += chunk(b'PLTE', palette[:3 << depth])
              png += chunk(b'IDAT', zlib.compress(data)) + chunk(b'IEND', b'')
              name = f'{folder}/{color}-{channels}-{depth}-{interlace}'
              open(name + '.png', 'wb').write(png)
              open(name + '.raw', 'wb').write(a.astype('<u2').tobytes())
  """

@Suite struct PNGTests {
  // Needs python3 with Pillow and numpy as the independent side.
  @Test(.enabled(if: Python.hasPillow)) func readsEveryColourTypeAndDepth() throws {
    let folder = TemporaryFolder()
    try Python.run(writer, folder.path)
    let names = folder.names.filter { $0.hasSuffix(".png") }
    #expect(names.count == 30)
    for name in names {
      let parts = name.dropLast(4).split(separator: "-").compactMap { Int($0) }
      let image = try PNG.read(folder.file(name))
      let raw = try FileBytes.read(folder.file(name.dropLast(4) + ".raw"))
      let expected = stride(from: 0, to: raw.count, by: 2).map { UInt16(raw[$0]) | UInt16(raw[$0 + 1]) << 8 }
      #expect(image.width == 13 && image.height == 11 && image.channels == parts[1] && image.bitDepth == parts[2])
      switch image.pixels {
      case .uint8(let values):
        #expect(parts[2] <= 8)
        #expect(values.map { UInt16($0) } == expected, "\(name)")
      case .uint16(let values):
        #expect(parts[2] == 16)
        #expect(values == expected, "\(name)")
      case .float32: Issue.record("\(name) became floats")
      }
      #expect((image.palette != nil) == (parts[0] == 3))
      if let palette = image.palette { #expect(palette == (0..<3 << parts[2]).map { UInt8($0 & 255) }) }
      let header = try PNG.header(of: FileBytes.read(folder.file(name)))
      #expect(header.channels == image.channels && header.hasPalette == (image.palette != nil))
    }
  }

  @Test(.enabled(if: Python.hasPillow)) func pillowReadsWhatIsWritten() throws {
    let folder = TemporaryFolder()
    var random = Philox(seed: 1, purpose: .test, stream: 0)
    let palette = (0..<768).map { UInt8(truncatingIfNeeded: $0 * 7) }
    for channels in 1...4 {
      let bytes = (0..<17 * 9 * channels).map { _ in UInt8(random.next(below: 256)) }
      try PNG.write(Image(width: 17, height: 9, channels: channels, pixels: bytes), to: folder.file("\(channels).png"))
      try Data(bytes).write(to: URL(fileURLWithPath: folder.file("\(channels).raw")))
      if channels == 1 {
        let image = Image(width: 17, height: 9, channels: 1, pixels: bytes, palette: palette)
        try PNG.write(image, to: folder.file("p.png"))
      }
    }
    let words = (0..<17 * 9).map { _ in UInt16(random.next(below: 65536)) }
    let deep = Image(width: 17, height: 9, channels: 1, bitDepth: 16, pixels: .uint16(words))
    try PNG.write(deep, to: folder.file("w.png"))
    try words.withUnsafeBytes { try Data($0).write(to: URL(fileURLWithPath: folder.file("w.raw"))) }
    let output = try Python.run(
      """
      import sys
      import numpy as np
      from PIL import Image
      d = sys.argv[1]
      for c, mode in ((1, 'L'), (2, 'LA'), (3, 'RGB'), (4, 'RGBA')):
          i = Image.open(f'{d}/{c}.png'); assert i.mode == mode and i.size == (17, 9)
          assert np.asarray(i).tobytes() == open(f'{d}/{c}.raw', 'rb').read()
      p = Image.open(f'{d}/p.png'); assert p.mode == 'P'
      assert np.asarray(p).tobytes() == open(f'{d}/1.raw', 'rb').read()
      assert p.getpalette() == [i * 7 % 256 for i in range(768)]
      w = np.asarray(Image.open(f'{d}/w.png')).astype('<u2')
      assert w.tobytes() == open(f'{d}/w.raw', 'rb').read()
      print('equal')
      """, folder.path)
    #expect(output == "equal\n")
    #expect(!folder.names.contains { $0.contains("partial") })
  }

  @Test func writtenAndReadAgainIsEqual() throws {
    let image = Image(
      width: 3, height: 2, channels: 1, pixels: [0, 1, 2, 2, 1, 0], palette: [9, 8, 7, 6, 5, 4, 3, 2, 1])
    #expect(try PNG.read(PNG.encode(image)) == image)
    let deep = Image(
      width: 2, height: 1, channels: 3, bitDepth: 16, pixels: .uint16([1, 256, 65535, 0, 513, 77]))
    #expect(try PNG.read(PNG.encode(deep)) == deep)
  }

  @Test func palettesAndShallowGreysResolveToColours() {
    let indexed = Image(width: 2, height: 1, channels: 1, pixels: [1, 5], palette: [1, 2, 3, 4, 5, 6])
    #expect(indexed.resolvingPalette().pixels == .uint8([4, 5, 6, 0, 0, 0]))
    let shallow = Image(width: 4, height: 1, channels: 1, bitDepth: 2, pixels: .uint8([0, 1, 2, 3]))
    #expect(shallow.resolvingPalette().pixels == .uint8([0, 85, 170, 255]))
  }

  @Test func anUnwritableFolderIsNamedAndNothingIsLeft() throws {
    let folder = TemporaryFolder()
    let image = Image(width: 1, height: 1, channels: 1, pixels: [1])
    let path = folder.file("none/picture.png")
    let failure = #expect(throws: Failure.self) { try PNG.write(image, to: path) }
    #expect(failure?.kind == .cannotCreate)
    #expect(failure?.message.contains(path) == true)
    // A folder of the file's name cannot be replaced: the temporary file must not stay.
    try FileManager.default.createDirectory(atPath: folder.file("taken.png"), withIntermediateDirectories: true)
    #expect(throws: Failure.self) { try PNG.write(image, to: folder.file("taken.png")) }
    #expect(folder.names == ["taken.png"])
  }
}
