import Commands
import Detection
import Foundation
import ImageFiles
import TestSupport
import Testing

@Suite struct InstancePictureTests {
  private static func thing(_ box: Box, height: Int, width: Int, title: String = "", isCrowd: Bool = false)
    -> InstancePicture.Thing
  {
    let mask = RunLengths(height: height, width: width) { row, column in
      row >= Int(box.y1) && row < Int(box.y2) && column >= Int(box.x1) && column < Int(box.x2)
    }
    return InstancePicture.Thing(box: box, mask: mask, title: title, isCrowd: isCrowd)
  }

  @Test func masksAndBoxesLieOverThePicture() {
    let image = Canvas(width: 40, height: 30)
    let thing = Self.thing(Box(10, 8, 20, 16), height: 30, width: 40)
    let drawn = InstancePicture.drawn([thing], over: image, toFit: 40, 30)
    for y in 0..<30 {
      for x in 0..<40 {
        let isInked = drawn[x, y] != .white
        // A box's right and lower lines lie on its last edge.
        #expect(isInked == ((10...20).contains(x) && (8...16).contains(y)))
      }
    }
    #expect(drawn[10, 8] != drawn[14, 12])
    let large = InstancePicture.drawn([thing], over: image, toFit: 80, 60)
    #expect(large.width == 80 && large[20, 16] == drawn[10, 8] && large[19, 16] == .white)
    let small = InstancePicture.drawn([thing], over: image, toFit: 20, 15)
    #expect(small.width == 20 && small[5, 4] == drawn[10, 8] && small[4, 4] == .white)
  }

  @Test func namesStayWithinThePictureAndCrowdsAreGrey() {
    let image = Canvas(width: 120, height: 60)
    for box in [Box(0, 0, 5, 5), Box(115, 55, 120, 60), Box(-40, -3, 500, 500)] {
      let drawn = InstancePicture.drawn(
        [Self.thing(box, height: 60, width: 120, title: "a long name of a class", isCrowd: true)], over: image,
        toFit: 120, 60)
      let colours = Set((0..<60).flatMap { y in (0..<120).map { drawn[$0, y].hexadecimal } })
      #expect(colours.contains("#969696") && colours.count > 2)
    }
    #expect(InstancePicture.drawn([], over: image, toFit: 120, 60).pixels == image.pixels)
  }

  @Test func cocosImportSaysWhatItLacksAndWhatItTook() throws {
    try withTool { tool in
      try FileManager.default.createDirectory(atPath: tool.folder + "/shots", withIntermediateDirectories: true)
      try PNG.write(
        Image(width: 8, height: 6, channels: 1, pixels: [UInt8](repeating: 9, count: 48)),
        to: tool.folder + "/shots/a.png")
      try """
      {"images": [{"id": 3, "file_name": "a.png"}], "categories": [{"id": 5, "name": "hat"}],
       "annotations": [{"id": 1, "image_id": 3, "category_id": 5, "segmentation": [[1, 1, 5, 1, 5, 4, 1, 4]]}]}
      """.write(toFile: tool.folder + "/hats.json", atomically: true, encoding: .utf8)
      let lacking = try tool("dataset import coco shots --output data")
      #expect(lacking.exitCode == 64 && lacking.errors.contains("coco needs --annotations"), "\(lacking)")
      let other = try tool("dataset import voc shots --annotations hats.json --output data")
      #expect(other.exitCode == 64 && other.errors.contains("--annotations is for 'coco'"), "\(other)")
      let none = try tool("dataset import coco shots --annotations no.json --output data")
      #expect(none.exitCode == 66 && none.errors.contains("there is no no.json"), "\(none)")
      let taken = try tool("dataset import coco shots --annotations hats.json --output data --split val")
      #expect(taken.exitCode == 0 && taken.output.contains("val: 1 samples, 2 classes, 3 channels"), "\(taken)")
      #expect(taken.output.contains("val: 1 annotations (0 of them crowds) in 1 images; 0 images have none"))
    }
  }

  @Test func scenesWithInstancesAreShown() throws {
    try withTool { tool in
      let made = try tool("dataset synthesize --task instances --output data --train 6 --val 2")
      #expect(made.exitCode == 0, "\(made)")
      let shown = try tool("dataset show data --output page.png --count 2")
      #expect(shown.exitCode == 0 && shown.output.contains("an image and at most"), "\(shown)")
      #expect(shown.output.contains("small (mask below 32 x 32 pixels)") && shown.output.contains("person"))
      #expect(!shown.output.contains("  background") && !shown.output.contains("warning"))
      let page = try PNG.read(tool.folder + "/page.png")
      #expect(page.width > 700 && page.height > 400)
      let verified = try tool("dataset verify data")
      #expect(verified.exitCode == 0 && verified.output.contains("data is good: 8 samples"))
      let refused = try tool("train --data data --output run --set train.steps=1")
      #expect(refused.exitCode == 78 && refused.errors.contains("is for instances"), "\(refused)")
    }
  }
}
