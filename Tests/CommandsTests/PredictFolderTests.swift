import Foundation
import ImageFiles
import TestSupport
import Testing

/// `predict` with files and folders as people have them.
@Suite struct PredictFolderTests {
  @Test func takesFoldersPassesOverForeignFilesAndGoesOnAfterBadOnes() throws {
    try withTool { tool in
      try tool("dataset synthesize --output data --train 2 --val 1 --height 48 --width 64")
      try tool("train --config \(TestedPackage.folder)/configs/smoke.yaml --data data --output run --set train.steps=1")
      let image = Image(width: 64, height: 48, channels: 3, pixels: (0..<9216).map { UInt8($0 % 251) })
      for folder in ["in/a/深", "in/b", "in/.hidden"] {
        try FileManager.default.createDirectory(atPath: "\(tool.folder)/\(folder)", withIntermediateDirectories: true)
      }
      for name in ["a/1.png", "b/1.png", "a/深/街道 图.png", "b/two words.png", ".hidden/x.png", "._x.png"] {
        try PNG.write(image, to: "\(tool.folder)/in/\(name)")
      }
      for name in ["Thumbs.db", "desktop.ini", ".DS_Store", "a/notes.txt", "b/bad.png", "b/worse.JPG"] {
        try Data("no image".utf8).write(to: URL(fileURLWithPath: "\(tool.folder)/in/\(name)"))
      }
      let outcome = try tool("predict --checkpoint run/checkpoints/latest.h5 --logits l.h5 --output out in")
      #expect(outcome.exitCode == 65, "\(outcome)")
      #expect(outcome.output.contains("passed over 5 files that are hidden or no picture"), "\(outcome)")
      #expect(outcome.output.contains("wrote 4 predictions into out"), "\(outcome)")
      for words in ["2 of 6 images could not be predicted", "in/b/bad.png is not an image", "in/b/worse.JPG is not"] {
        #expect(outcome.errors.contains(words), "\(words): \(outcome)")
      }
      let written = try FileManager.default.subpathsOfDirectory(atPath: tool.folder + "/out").filter {
        $0.hasSuffix(".png")
      }
      #expect(written.sorted() == ["a/1.png", "a/深/街道 图.png", "b/1.png", "b/two words.png"])
      // Files of one name are told apart by their folders, or by their endings.
      let files = try tool(
        "predict --checkpoint run/checkpoints/latest.h5 --output files in/a/1.png in/b/1.png in/a/../b/1.png")
      #expect(files.exitCode == 0 && files.output.contains("wrote 2 predictions into files"), "\(files)")
      #expect(FileManager.default.fileExists(atPath: tool.folder + "/files/b/1.png"))
      let folders = try tool("predict --checkpoint run/checkpoints/latest.h5 --output folders in/a in/b/1.png in/b")
      #expect(folders.exitCode == 65, "\(folders)")
      let kept = try FileManager.default.subpathsOfDirectory(atPath: tool.folder + "/folders").filter {
        $0.hasSuffix(".png")
      }
      #expect(kept.sorted() == ["a/1.png", "a/深/街道 图.png", "b/1.png", "two words.png"])
      let none = try tool("predict --checkpoint run/checkpoints/latest.h5 in/.hidden in/b/bad.png in/b/worse.JPG")
      #expect(none.exitCode == 65 && none.errors.contains("in/b/bad.png"), "\(none)")
    }
  }

  /// A picture is labelled as every viewer shows it: as one whose pixels were turned themselves.
  @Test(.enabled(if: Python.hasPillow, "needs python3 with Pillow"), arguments: [3, 6])
  func turnedPicturesAreLabelledAsTheyAreShown(turn: Int) throws {
    try withTool { tool in
      try tool("dataset synthesize --output data --train 2 --val 1 --height 48 --width 64")
      try tool("train --config \(TestedPackage.folder)/configs/smoke.yaml --data data --output run --set train.steps=4")
      try Python.run(
        """
        import os, sys
        from PIL import Image, ImageOps
        os.chdir(sys.argv[1]); os.mkdir('in')
        exif = Image.Exif(); exif[0x0112] = int(sys.argv[2])
        for name, size in (('square', (64, 64)), ('wide', (64, 40))):
            for ending in ('png', 'webp', 'tif'):
                picture = Image.effect_noise(size, 60).convert('RGB')
                picture.paste((200, 30, 60), (0, 0, size[0] // 2, size[1] // 3))
                path = f'in/{name}-{ending}.{ending}'
                picture.save(path, exif=exif, **(dict(lossless=True) if ending == 'webp' else {}))
                ImageOps.exif_transpose(Image.open(path)).convert('RGB').save(f'in/{name}-{ending}-upright.png')
        """, tool.folder, "\(turn)")
      let outcome = try tool("predict --checkpoint run/checkpoints/latest.h5 --output out in --logits l.h5")
      #expect(outcome.exitCode == 0, "\(outcome)")
      #expect(outcome.output.contains("6 pictures were turned as the EXIF orientation says"), "\(outcome)")
      for name in ["square", "wide"].flatMap({ name in ["png", "webp", "tif"].map { "\(name)-\($0)" } }) {
        let turned = try ImageFile.read("\(tool.folder)/out/\(name).png")
        let upright = try ImageFile.read("\(tool.folder)/out/\(name)-upright.png")
        #expect(turned.width == (name.hasPrefix("wide") && turn == 6 ? 40 : 64))
        #expect(turned.pixels == upright.pixels && turned.height == upright.height, "\(name)")
      }
    }
  }
}
