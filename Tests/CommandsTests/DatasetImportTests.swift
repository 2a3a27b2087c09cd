import Basics
import Foundation
import ImageFiles
import TestSupport
import Testing

/// `dataset import`, `show`, `doctor`, `train` and `evaluate` on labels as people have them.
@Suite struct DatasetImportTests {
  /// Pictures of 32 x 32 with labels of stripes of `values`, in train and val.
  private func write(_ values: [UInt8], to folder: String, val: [UInt8]? = nil) throws {
    for (split, values) in [("train", values), ("val", val ?? values)] {
      for kind in ["images", "labels"] {
        try FileManager.default.createDirectory(
          atPath: "\(folder)/\(split)/\(kind)", withIntermediateDirectories: true)
      }
      let label = (0..<1024).map { values[$0 % 32 * values.count / 32] }
      let pixels = label.flatMap { [$0 &* 90, 40, 200 &- $0] as [UInt8] }
      try PNG.write(
        Image(width: 32, height: 32, channels: 3, pixels: pixels), to: "\(folder)/\(split)/images/a.png")
      try PNG.write(
        Image(width: 32, height: 32, channels: 1, pixels: label), to: "\(folder)/\(split)/labels/a.png")
    }
  }

  @Test func masksAreRefusedWithBothWaysOutAndThenImported() throws {
    try withTool { tool in
      try write([0, 255], to: tool.folder + "/masks")
      let refused = try tool("dataset import folder masks --output data --classes no,yes")
      #expect(refused.exitCode == 65 && refused.errors.contains("--values 0,255"), "\(refused)")
      #expect(!FileManager.default.fileExists(atPath: tool.folder + "/data"))
      let taken = try tool("dataset import folder masks --output data --classes no,yes --values 0,255")
      #expect(taken.exitCode == 0 && taken.output.contains("train: 1 samples, 2 classes, 3 channels"), "\(taken)")
      #expect(!taken.output.contains("warning"))
    }
  }

  @Test func nonsenseIsSaidByImportShowDoctorAndTrain() throws {
    try withTool { tool in
      try write([0, 2], to: tool.folder + "/source", val: [1, 2])
      let smoke = "--config \(TestedPackage.folder)/configs/smoke.yaml"
      let outcomes = [
        try tool("dataset import folder source --output data --classes sky,sea,land"), try tool("dataset show data"),
        try tool("doctor \(smoke) --data data"),
        try tool("train \(smoke) --data data --output run --set train.steps=1"),
      ]
      for outcome in outcomes {
        #expect(outcome.output.contains("split train: no pixel of 'sea': this class cannot be learned"), "\(outcome)")
        #expect(outcome.output.contains("split val: 'sea' occurs here and never in train"), "\(outcome)")
      }
    }
  }

  /// All splits or none: the repeat with the mistake mended finds no leftovers in its way.
  @Test func aSecondSplitThatFailsLeavesNothing() throws {
    try withTool { tool in
      try write([0, 1], to: tool.folder + "/source", val: [0, 9])
      let refused = try tool("dataset import folder source --output data --classes a,b")
      #expect(refused.exitCode == 65 && refused.errors.contains("source/val/labels/a.png"), "\(refused)")
      #expect(!FileManager.default.fileExists(atPath: tool.folder + "/data"))
      try write([0, 1], to: tool.folder + "/source")
      let taken = try tool("dataset import folder source --output data --classes a,b")
      #expect(taken.exitCode == 0 && taken.output.contains("val: 1 samples"), "\(taken)")
    }
  }

  /// More values than anybody has classes: said as an error, unless somebody says that they are.
  @Test func aPhotographIsNoLabel() throws {
    try withTool { tool in
      let values = (0..<32).map { UInt8(7 * $0) }
      try write(values, to: tool.folder + "/few")
      #expect(try tool("dataset import folder few --output few-h5").output.contains("warning: split train: "))
      try write(values, to: tool.folder + "/many")
      let noise = (0..<1024).map { UInt8(truncatingIfNeeded: $0 / 4) }
      try PNG.write(
        Image(width: 32, height: 32, channels: 1, pixels: noise), to: tool.folder + "/many/train/labels/a.png")
      let refused = try tool("dataset import folder many --output data --ignore none")
      #expect(refused.exitCode == 65 && refused.errors.contains("--many-classes"), "\(refused)")
      let taken = try tool("dataset import folder many --output data --ignore none --many-classes")
      #expect(taken.exitCode == 0 && taken.output.contains("256 classes"), "\(taken)")
      #expect(taken.output.contains("as of a photograph or of a mask that went through JPEG"), "\(taken)")
    }
  }

  @Test func anAllVoidSplitIsNotScored() throws {
    try withTool { tool in
      try write([0, 1], to: tool.folder + "/source", val: [255, 255])
      let imported = try tool("dataset import folder source --output data")
      #expect(imported.output.contains("split val: every pixel is of no class"), "\(imported)")
      let smoke = "--config \(TestedPackage.folder)/configs/smoke.yaml"
      let trained = try tool("train \(smoke) --data data --output run --set train.steps=2 --set train.evaluate_every=1")
      #expect(trained.output.contains("nothing was counted, every pixel is of no class"), "\(trained)")
      let evaluated = try tool("evaluate --checkpoint run/checkpoints/latest.h5 --data data --json e.json")
      #expect(
        evaluated.output.contains("nothing was counted") && !evaluated.output.contains("mean IoU"), "\(evaluated)")
      let json = try String(contentsOfFile: tool.folder + "/e.json", encoding: .utf8)
      #expect(json.contains("\"mean_iou\": null") && json.contains("\"pixels\": 0"), "\(json)")
    }
  }

  @Test(arguments: [
    ("voc a --output b --ignore-label 0", "--ignore is for 'folder', 'hdf5': voc has its own"),
    ("camvid a --output b --channels 3", "--channels is for 'folder'"),
    ("labelme a --output b --values 1,2", "--values is for 'folder', 'hdf5'"),
    ("folder a --output b --values 0,1 --map m", "give one of them"),
    ("folder a --output b --images *.png", "--images and --labels belong together"),
    ("folder a --output b --classes a,,b", "the name of class 1 is empty"),
    ("folder a --output b --classes a,a", "both called 'a'"), ("folder a --output b --ignore x", "'x' is not a value"),
  ]) func optionsThatDoNotFit(arguments: String, words: String) throws {
    try withTool { tool in
      let outcome = try tool("dataset import \(arguments)")
      #expect(outcome.exitCode == 64 && outcome.errors.contains(words), "\(outcome)")
    }
  }

  @Test func minusOneIsNoIgnoreLabel() throws {
    try withTool { tool in
      try write([0, 1], to: tool.folder + "/source")
      for option in ["--ignore-label -1", "--ignore-label=-1", "--ignore none"] {
        try? FileManager.default.removeItem(atPath: tool.folder + "/data")
        #expect(try tool("dataset import folder source --output data \(option)").exitCode == 0)
        #expect(try tool("dataset show data").output.contains("ignore label -1"))
      }
    }
  }
}
