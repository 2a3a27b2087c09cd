import Foundation
import ImageFiles
import TestSupport
import Testing

/// `evaluate --predictions`: label images of any system under the same counting as a checkpoint.
@Suite struct ForeignPredictionTests {
  private static let smoke = TestedPackage.folder + "/configs/smoke.yaml"

  private static func withPredictions(_ body: (Tool) throws -> Void) throws {
    try withTool { tool in
      try tool("dataset synthesize --output data --train 3 --val 3 --height 48 --width 64")
      try tool("train --config \(smoke) --data data --output run --set train.steps=1")
      let checkpoint = "--checkpoint run/checkpoints/latest.h5 --data data"
      #expect(try tool("evaluate \(checkpoint) --json own.json").exitCode == 0)
      #expect(try tool("predict \(checkpoint) --output out").exitCode == 0)
      try body(tool)
    }
  }

  private static func confusion(_ tool: Tool, _ file: String) throws -> [[Int]]? {
    let data = try Data(contentsOf: URL(fileURLWithPath: "\(tool.folder)/\(file)"))
    return (try JSONSerialization.jsonObject(with: data) as? [String: Any])?["confusion"] as? [[Int]]
  }

  @Test func labelsCountAsTheirCheckpointDoes() throws {
    try Self.withPredictions { tool in
      let own = try #require(try Self.confusion(tool, "own.json"))
      let indices = try tool("evaluate --predictions out --data data --json indices.json")
      #expect(indices.exitCode == 0 && !indices.output.contains("loss"), "\(indices)")
      #expect(try Self.confusion(tool, "indices.json") == own)
      // The same as colours.
      for scene in 0..<3 {
        let path = "\(tool.folder)/out/scene-0000\(scene).png"
        try PNG.write(try PNG.read(path).resolvingPalette(), to: path)
      }
      #expect(try tool("evaluate --predictions out --data data --json colours.json").exitCode == 0)
      #expect(try Self.confusion(tool, "colours.json") == own)
    }
  }

  @Test func saysWhatIsWrongWithAnImage() throws {
    try Self.withPredictions { tool in
      let path = "\(tool.folder)/out/scene-00001.png"
      func outcome(_ image: Image) throws -> Tool.Outcome {
        try PNG.write(image, to: path)
        return try tool("evaluate --predictions out --data data")
      }
      let small = try outcome(Image(width: 32, height: 24, channels: 1, pixels: [UInt8](repeating: 0, count: 768)))
      #expect(small.exitCode == 65 && small.errors.contains("is 32 x 24, but scene-00001 is 64 x 48"), "\(small)")
      let beyond = try outcome(Image(width: 64, height: 48, channels: 1, pixels: [UInt8](repeating: 99, count: 3072)))
      #expect(beyond.exitCode == 65 && beyond.errors.contains("has the label 99 at row"), "\(beyond)")
      let colour = try outcome(Image(width: 64, height: 48, channels: 3, pixels: [UInt8](repeating: 7, count: 9216)))
      #expect(colour.exitCode == 65 && colour.errors.contains("a colour that is no class's"), "\(colour)")
      try FileManager.default.removeItem(atPath: path)
      let missing = try tool("evaluate --predictions out --data data")
      #expect(missing.exitCode == 66 && missing.errors.contains("lacks 1 of the 3 images"), "\(missing)")
      #expect(missing.errors.contains("scene-00001.png"), "\(missing)")
    }
  }
}
