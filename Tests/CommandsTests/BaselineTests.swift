import Foundation
import ImageFiles
import TestSupport
import Testing

@Suite struct BaselineTests {
  private static func withData(_ body: (Tool) throws -> Void) throws {
    try withTool { tool in
      #expect(try tool("dataset synthesize --output data --train 4 --val 3 --height 60 --width 80").exitCode == 0)
      try body(tool)
    }
  }

  private static func meanIoU(_ tool: Tool, _ file: String) throws -> Double {
    let data = try Data(contentsOf: URL(fileURLWithPath: "\(tool.folder)/\(file)"))
    return ((try JSONSerialization.jsonObject(with: data) as? [String: Any])?["mean_iou"] as? Double) ?? -1
  }

  @Test func theOracleIsTheUpperBound() throws {
    try Self.withData { tool in
      #expect(try tool("baseline fit --data data --output model.h5 --set superpixels.count=60").exitCode == 0)
      let own = try tool("baseline clusters --data data --model model.h5 --output own --json own.json")
      #expect(own.exitCode == 0 && own.output.contains("mean IoU"), "\(own)")
      let oracle = try tool(
        "baseline clusters --data data --oracle --output oracle --json oracle.json --set superpixels.count=60")
      #expect(oracle.exitCode == 0, "\(oracle)")
      let (found, bound) = (try Self.meanIoU(tool, "own.json"), try Self.meanIoU(tool, "oracle.json"))
      #expect(found > 0.02 && bound > found && bound < 1, "\(found), \(bound)")
    }
  }

  @Test func saysWhatIsWrong() throws {
    try Self.withData { tool in
      func expect(_ arguments: String, _ code: Int32, _ texts: String...) throws {
        let outcome = try tool(arguments)
        #expect(outcome.exitCode == code, "\(arguments): \(outcome)")
        for text in texts { #expect(outcome.errors.contains(text), "\(arguments): \(outcome)") }
      }
      #expect(try tool("baseline fit --data data --output model.h5").exitCode == 0)
      let clusters = "baseline clusters --data data --output out"
      try expect(clusters, 64, "--model")
      try expect("\(clusters) --oracle --model model.h5", 64, "not both")
      try expect("\(clusters) --model none.h5", 66, "none.h5")
      try expect("\(clusters) --model data/train-00000-of-00001.h5", 65, "is not a model of labelled regions")
      try expect("\(clusters) --model model.h5 --split test", 66, "no shards of split 'test'", "train, val")
      try expect("\(clusters) --oracle --set superpixels.cuont=3", 78, "did you mean 'superpixels.count'?")
      try expect("\(clusters) --oracle --set superpixels.count=0", 78, "whole number in 1")
      try expect("\(clusters) --oracle --set merge.scale=nan", 78, "merge.scale takes a number")
      try expect("\(clusters) --model model.h5 --set merge.scale=3", 78, "merge.scale is 12 in model.h5")
      try expect("baseline fit --data data --split none --output x.h5", 66, "no shards of split 'none'")
    }
  }

  @Test func aModelIsForItsClasses() throws {
    try Self.withData { tool in
      #expect(try tool("baseline fit --data data --output model.h5").exitCode == 0)
      for (names, text) in [
        ("sky,building", "it knows 8 classes, here are 2"), ("sky,road", "class 1 is 'building' there and 'road' here"),
      ] {
        let folder = "\(tool.folder)/\(names.count)"
        for part in ["images", "labels"] {
          try FileManager.default.createDirectory(
            atPath: "\(folder)/\(part)", withIntermediateDirectories: true)
          let channels = part == "images" ? 3 : 1
          try PNG.write(
            Image(width: 8, height: 6, channels: channels, pixels: [UInt8](repeating: 255, count: 48 * channels)),
            to: "\(folder)/\(part)/a.png")
        }
        let made = try tool(
          "dataset import folder \(names.count) --output other\(names.count) --split val --classes \(names) --ignore 255"
        )
        #expect(made.exitCode == 0, "\(made)")
        let outcome = try tool("baseline clusters --data other\(names.count) --model model.h5 --output out")
        #expect(outcome.exitCode == 65 && outcome.errors.contains("model.h5 is of other classes than"), "\(outcome)")
        #expect(outcome.errors.contains(text), "\(outcome)")
        // Where every pixel is ignored there is nothing to learn.
        let empty = try tool("baseline fit --data other\(names.count) --split val --output empty.h5")
        #expect(empty.exitCode == 65 && empty.errors.contains("no region of split val"), "\(empty)")
        #expect(!FileManager.default.fileExists(atPath: "\(tool.folder)/empty.h5"))
      }
    }
  }
}
