import Basics
import Foundation
import SegmentationData
import TestSupport
import Testing

/// Datasets as they are downloaded, in small.
@Suite struct KnownLayoutTests {
  @Test func cityscapes() throws {
    let files = SourceFiles()
    for (split, city) in [("train", "aachen"), ("val", "munster"), ("test", "bonn")] {
      let name = "\(split)/\(city)/\(city)_000000_000019"
      try files.writeImage("leftImg8bit/\(name)_leftImg8bit.png", width: 6)
      try files.writeLabel("gtFine/\(name)_gtFine_labelIds.png", [7, 8, 33, 0, 29, 255])
      try files.writeColours("gtFine/\(name)_gtFine_color.png", [[1, 2, 3]])
      try files.write("{}", "gtFine/\(name)_gtFine_polygons.json")
    }
    let infos = try files.importing(.cityscapes)
    #expect(infos.map(\.split) == ["train", "val"] && infos[0].classCount == 19)
    #expect(infos[0].classNames[18] == "bicycle" && Array(infos[0].palette.prefix(3)) == [128, 64, 128])
    #expect(try files.labels() == [0, 1, 18, 255, 255, 255])
    #expect(try files.keys("val") == ["munster_000000_000019"])
  }

  @Test func ade20k() throws {
    let files = SourceFiles()
    for (folder, number) in [("training", "00000001"), ("validation", "00000001")] {
      try files.writeImage("images/\(folder)/ADE_\(number).jpg")
      try files.writeLabel("annotations/\(folder)/ADE_\(number).png", [0, 1, 2, 150])
    }
    let infos = try files.importing(.ade20k)
    #expect(infos.map(\.split) == ["train", "val"] && infos[0].classCount == 150)
    #expect(infos[0].classNames.first == "wall" && infos[0].classNames.last == "flag")
    #expect(try files.labels() == [255, 0, 1, 149])
  }

  @Test func camvid32AsItsAuthorsHaveItAndAsOthersDo() throws {
    let colours: [[UInt8]] = [[64, 128, 64], [128, 128, 128], [64, 192, 0], [0, 0, 0]]
    let files = SourceFiles()
    try files.writeImage("701_StillsRaw_full/0001TP_006690.png")
    try files.writeColours("LabeledApproved_full/0001TP_006690_L.png", colours)
    let infos = try files.importing(.camvid32)
    #expect(infos.map(\.split) == ["train"] && infos[0].classCount == 31)
    #expect(try files.labels() == [0, 21, 30, 255] && files.keys() == ["0001TP_006690"])
    let others = SourceFiles()
    for split in ["train", "val"] {
      try others.writeImage("\(split)/a.png")
      try others.writeColours("\(split)_labels/a_L.png", colours)
    }
    #expect(try others.importing(.camvid32).map(\.split) == ["train", "val"])
  }
}
