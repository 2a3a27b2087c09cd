import Foundation
import ImageFiles
import TestSupport
import Testing

/// `dataset import` of pictures whose files say more than their pixels.
@Suite struct ImportPictureTests {
  private func write(_ tool: Tool, alpha: UInt8) throws {
    for (folder, channels) in [("images", 4), ("labels", 1)] {
      try FileManager.default.createDirectory(atPath: "\(tool.folder)/s/\(folder)", withIntermediateDirectories: true)
      for name in ["a", "b"] {
        var pixels = [UInt8]()
        for place in 0..<16 * 16 * channels {
          let colour = UInt8(place % 251)
          pixels.append(channels == 1 ? UInt8(place % 2) : place % 4 == 3 ? alpha : colour)
        }
        let image = Image(width: 16, height: 16, channels: channels, pixels: pixels)
        try PNG.write(image, to: "\(tool.folder)/s/\(folder)/\(name).png")
      }
    }
  }

  @Test func opaqueAlphaIsDroppedAndOtherAlphaIsSaid() throws {
    try withTool { tool in
      try write(tool, alpha: 255)
      let opaque = try tool("dataset import folder s --output opaque --classes x,y")
      #expect(opaque.exitCode == 0, "\(opaque)")
      let said = opaque.output + opaque.errors
      #expect(
        said.contains("2 pictures with an alpha channel that is opaque everywhere: taken without it"), "\(opaque)")
      try write(tool, alpha: 128)
      let other = try tool("dataset import folder s --output other --classes x,y")
      #expect(other.exitCode == 0, "\(other)")
      #expect((other.output + other.errors).contains("--channels 3 leaves it out"), "\(other)")
      let three = try tool("dataset import folder s --output three --classes x,y --channels 3")
      #expect(three.exitCode == 0 && !(three.output + three.errors).contains("alpha"), "\(three)")
    }
  }

  // Needs python3 with Pillow and numpy as the independent side.
  @Test(.enabled(if: Python.hasPillow)) func aTurnedPhotographFitsItsLabel() throws {
    try withTool { tool in
      try Python.run(
        """
        import os, sys
        from PIL import Image
        d = sys.argv[1]
        os.makedirs(d + '/s/images'); os.makedirs(d + '/s/labels')
        exif = Image.Exif(); exif[0x0112] = 6
        Image.effect_noise((32, 20), 50).convert('RGB').save(d + '/s/images/a.jpg', exif=exif)
        Image.effect_noise((20, 32), 50).convert('CMYK').save(d + '/s/images/b.jpg')
        for name in 'ab':
            label = Image.new('L', (20, 32)); label.paste(1, (0, 0, 10, 32)); label.save(f'{d}/s/labels/{name}.png')
        """, tool.folder)
      let outcome = try tool("dataset import folder s --output out --classes x,y")
      #expect(outcome.exitCode == 0, "\(outcome)")
      let said = outcome.output + outcome.errors
      #expect(said.contains("1 picture was turned as the EXIF orientation says"), "\(outcome)")
      #expect(said.contains("1 picture was converted from CMYK to RGB"), "\(outcome)")
    }
  }

  /// Whoever mends files wants to know all of them, in both splits and of both kinds.
  @Test func allDamagedPicturesAreNamed() throws {
    try withTool { tool in
      let pixels = (0..<16 * 16 * 3).map { UInt8($0 % 251) }
      for split in ["train", "val"] {
        for (folder, channels) in [("images", 3), ("labels", 1)] {
          let path = "\(tool.folder)/s/\(split)/\(folder)"
          try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
          for name in ["a", "b", "c", "d"] {
            let values = channels == 3 ? pixels : (0..<16 * 16).map { UInt8($0 % 2) }
            try PNG.write(
              Image(width: 16, height: 16, channels: channels, pixels: values), to: "\(path)/\(name).png")
          }
        }
      }
      let damaged = ["s/train/images/b.png", "s/train/labels/d.png", "s/val/images/a.png"]
      for file in damaged {
        let path = "\(tool.folder)/\(file)"
        var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        // Behind the header, so that only the pixels tell.
        bytes[bytes.count - 20] ^= 0x55
        try bytes.write(to: URL(fileURLWithPath: path))
      }
      for options in ["--classes x,y", "--classes x,y --channels 3 --values 0,1"] {
        let outcome = try tool("dataset import folder s --output out " + options)
        #expect(outcome.exitCode == 65, "\(outcome)")
        for file in damaged { #expect(outcome.errors.contains(file), "\(outcome)") }
        #expect(outcome.errors.contains("3 of 8 samples cannot be taken"), "\(outcome)")
        #expect(!FileManager.default.fileExists(atPath: "\(tool.folder)/out"))
      }
    }
  }
}
