import Basics
import Foundation
import ImageFiles
import TestSupport
import Testing

@Suite struct JPEGTests {
  // Needs python3 with Pillow and numpy as the independent side.
  @Test(.enabled(if: Python.hasPillow)) func readsColourAndGreyAsPillowDoes() throws {
    let folder = TemporaryFolder()
    try Python.run(
      """
      import sys
      import numpy as np
      from PIL import Image
      d = sys.argv[1]
      y, x = np.mgrid[0:37, 0:53]
      a = np.stack([x * 4, y * 6, 255 - x * 2], -1).astype(np.uint8)
      for name, image, extra in (('colour', Image.fromarray(a), {}), ('grey', Image.fromarray(a).convert('L'), {}),
                                 ('progressive', Image.fromarray(a), {'progressive': True, 'subsampling': 0})):
          image.save(f'{d}/{name}.jpg', quality=90, **extra)
          open(f'{d}/{name}.raw', 'wb').write(np.asarray(Image.open(f'{d}/{name}.jpg')).tobytes())
      ink = Image.fromarray(np.concatenate([a, (x + y)[..., None].astype(np.uint8)], -1), 'CMYK')
      ink.save(f'{d}/cmyk.jpg', quality=95)
      open(f'{d}/cmyk.raw', 'wb').write(Image.open(f'{d}/cmyk.jpg').convert('RGB').tobytes())
      """, folder.path)
    for (name, channels) in [("colour", 3), ("grey", 1), ("progressive", 3), ("cmyk", 3)] {
      let image = try ImageFile.read(folder.file("\(name).jpg"))
      #expect(image.width == 53 && image.height == 37 && image.channels == channels && image.bitDepth == 8)
      let expected = try FileBytes.read(folder.file("\(name).raw"))
      guard case .uint8(let values) = image.pixels else { throw Failure(.badData, "not 8 bits") }
      // Builds of the library may round differently by one step of the colour conversion.
      let worst = zip(values, expected).map { abs(Int($0) - Int($1)) }.max()
      #expect(values.count == expected.count && (worst ?? 9) <= 2, "\(name): \(worst ?? -1)")
    }
    #expect(try ImageFile.read(folder.file("cmyk.jpg")).facts.isFromCMYK)
  }

  @Test(.enabled(if: Python.hasPillow)) func harmlessDamageIsTakenAndNoted() throws {
    let folder = TemporaryFolder()
    try Python.run(
      """
      import sys
      from PIL import Image
      Image.effect_noise((64, 64), 50).save(sys.argv[1] + '/whole.jpg')
      """, folder.path)
    let whole = try FileBytes.read(folder.file("whole.jpg"))
    let image = try JPEG.read(whole)
    #expect(image.facts.warning == nil)
    let notes = ImageNotes()
    // Behind SOI and JFIF's segment of 18 bytes.
    let extraneous = Array(whole.prefix(20)) + [1, 2, 3] + whole.dropFirst(20)
    for (name, bytes) in [
      ("cut", Array(whole.dropLast(2))), ("half a marker", Array(whole.dropLast())), ("extraneous", extraneous),
    ] {
      let taken = try JPEG.read(bytes, name: name)
      #expect(taken.pixels == image.pixels)
      #expect(taken.facts.warning != nil, "\(name)")
      notes.add(taken.facts, name: name)
    }
    let copy = ImageNotes()
    copy.add(encoded: notes.encoded)
    for notes in [notes, copy] {
      #expect(
        notes.lines == ["3 pictures were taken though slightly damaged, such as cut: its end marker is missing"])
    }
    // JFIF 9.01, and a scan whose header says that it is a part of a progressive one.
    var revision = whole
    revision[11] = 9
    var scan = whole
    let start = try #require(whole.indices.last { whole[$0] == 0xFF && whole[$0 + 1] == 0xDA })
    scan[start + 2 + Int(whole[start + 3]) - 2] = 62
    for bytes in [revision, scan] {
      let taken = try JPEG.read(bytes)
      #expect(taken.pixels == image.pixels && taken.facts.warning != nil)
    }
    // What stands behind the end marker is nobody's business.
    #expect(try JPEG.read(whole + [0, 0, 0]).facts.warning == nil)
  }

  @Test(.enabled(if: Python.hasPillow)) func aTruncatedFileIsAnError() throws {
    let folder = TemporaryFolder()
    try Python.run(
      """
      import sys
      from PIL import Image
      Image.effect_noise((64, 64), 50).save(sys.argv[1] + '/whole.jpg')
      """, folder.path)
    let whole = try FileBytes.read(folder.file("whole.jpg"))
    #expect(throws: Never.self) { try JPEG.read(whole) }
    let failure = #expect(throws: Failure.self) { try JPEG.read(Array(whole.prefix(whole.count / 2)), name: "half") }
    #expect(failure?.kind == .badData)
    #expect(failure?.message.contains("half is not a usable JPEG file") == true)
  }
}
