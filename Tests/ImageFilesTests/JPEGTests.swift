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
      Image.fromarray(a).convert('CMYK').save(f'{d}/cmyk.jpg')
      """, folder.path)
    for (name, channels) in [("colour", 3), ("grey", 1), ("progressive", 3)] {
      let image = try ImageFile.read(folder.file("\(name).jpg"))
      #expect(image.width == 53 && image.height == 37 && image.channels == channels && image.bitDepth == 8)
      let expected = try FileBytes.read(folder.file("\(name).raw"))
      guard case .uint8(let values) = image.pixels else { throw Failure(.badData, "not 8 bits") }
      // Builds of the library may round differently by one step of the colour conversion.
      let worst = zip(values, expected).map { abs(Int($0) - Int($1)) }.max()
      #expect(values.count == expected.count && (worst ?? 9) <= 2, "\(name): \(worst ?? -1)")
    }
    let failure = #expect(throws: Failure.self) { try JPEG.read(folder.file("cmyk.jpg")) }
    #expect(failure?.message.contains("CMYK") == true)
    #expect(failure?.message.contains("cmyk.jpg") == true)
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
