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

  /// Two images of Cityscapes' classes with their truth, and what a system says of them, as it names and codes it.
  private static func withStreets(_ body: (Tool, _ said: [[UInt8]]) throws -> Void) throws {
    try withTool { tool in
      let truth: [UInt8] = (0..<192).map { UInt8($0 / 12 % 16) }
      let said: [[UInt8]] = (0..<2).map { image in truth.map { $0 == 3 ? UInt8(image + 5) : $0 } }
      for (place, city) in ["aachen", "bochum"].enumerated() {
        for (folder, ending) in [("leftImg8bit", "leftImg8bit"), ("gtFine", "gtFine_labelIds")] {
          let path = "\(tool.folder)/source/\(folder)/val/\(city)"
          try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
          let isImage = folder == "leftImg8bit"
          let pixels = isImage ? [UInt8](repeating: 90, count: 576) : truth.map { Self.identifiers[Int($0)] }
          try PNG.write(
            Image(width: 16, height: 12, channels: isImage ? 3 : 1, pixels: pixels),
            to: "\(path)/\(city)_00000\(place)_000019_\(ending).png")
        }
      }
      let made = try tool("dataset import cityscapes source --output data --split val")
      #expect(made.exitCode == 0, "\(made)")
      try body(tool, said)
    }
  }

  private static let identifiers: [UInt8] = [7, 8, 11, 12, 13, 17, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 31, 32, 33]
  private static let colours: [[UInt8]] = [
    [128, 64, 128], [244, 35, 232], [70, 70, 70], [102, 102, 156], [190, 153, 153], [153, 153, 153], [250, 170, 30],
    [220, 220, 0], [107, 142, 35], [152, 251, 152], [70, 130, 180], [220, 20, 60], [255, 0, 0], [0, 0, 142],
    [0, 0, 70],
    [0, 60, 100], [0, 80, 100], [0, 0, 230], [119, 11, 32],
  ]
  private static let names = ["aachen_000000_000019", "bochum_000001_000019"]

  @Test func theSameOfEveryNameAndCoding() throws {
    try Self.withStreets { tool, said in
      func write(_ folder: String, _ ending: String, _ image: ([UInt8]) -> Image) throws {
        for (name, labels) in zip(Self.names, said) {
          let path = "\(tool.folder)/\(folder)/\(name)\(ending).png"
          try FileManager.default.createDirectory(
            atPath: URL(fileURLWithPath: path).deletingLastPathComponent().path, withIntermediateDirectories: true)
          try PNG.write(image(labels), to: path)
        }
      }
      func image(_ channels: Int, _ pixels: [UInt8], _ palette: [UInt8]? = nil) -> Image {
        Image(width: 16, height: 12, channels: channels, pixels: pixels, palette: palette)
      }
      try write("classes", "_leftImg8bit") { image(1, $0) }
      try write("identifiers", "_pred_labelIds") { image(1, $0.map { Self.identifiers[Int($0)] }) }
      try write("colours", "-Color") { image(3, $0.flatMap { Self.colours[Int($0)] }) }
      try write("opaque", "_leftImg8bit_color") { image(4, $0.flatMap { Self.colours[Int($0)] + [255] }) }
      // Indices in another order, as of a program that makes a palette of the colours that it finds.
      try write("palette", "_gtFine_color") {
        image(1, $0.map { 18 - $0 }, Self.colours.reversed().flatMap { $0 })
      }
      try write("anything", ".of.net") { image(1, $0) }
      try write("cities/x", "_out") { image(1, $0) }
      var confusions: Set<[[Int]]> = []
      for folder in ["classes", "identifiers", "colours", "opaque", "palette", "anything", "cities"] {
        let scored = try tool("evaluate --predictions \(folder) --data data --json a.json")
        #expect(scored.exitCode == 0, "\(folder): \(scored)")
        #expect(scored.output.contains("label ids") == (folder == "identifiers"), "\(scored)")
        #expect(scored.output.contains("boundary F"), "\(scored)")
        if let confusion = try Self.confusion(tool, "a.json") { confusions.insert(confusion) }
      }
      #expect(confusions.count == 1 && confusions.first?[3][5] == 12 && confusions.first?[3][6] == 12)
    }
  }

  @Test func contradictionsAreSaid() throws {
    try Self.withStreets { tool, said in
      func outcome(_ names: [String], _ image: Image) throws -> Tool.Outcome {
        try? FileManager.default.removeItem(atPath: "\(tool.folder)/out")
        try FileManager.default.createDirectory(atPath: "\(tool.folder)/out", withIntermediateDirectories: false)
        for name in names { try PNG.write(image, to: "\(tool.folder)/out/\(name).png") }
        return try tool("evaluate --predictions out --data data")
      }
      func plain(_ channels: Int, _ value: UInt8, _ palette: [UInt8]? = nil) -> Image {
        Image(
          width: 16, height: 12, channels: channels, pixels: [UInt8](repeating: value, count: 192 * channels),
          palette: palette)
      }
      let missing = try outcome([], plain(1, 0))
      #expect(missing.exitCode == 66 && missing.errors.contains("lacks 2 of the 2 images"), "\(missing)")
      for name in Self.names { #expect(missing.errors.contains("\(name).png"), "\(missing)") }
      let several = try outcome(Self.names.flatMap { ["\($0)_pred", "\($0)_color"] }, plain(1, 0))
      #expect(several.exitCode == 65 && several.errors.contains("has several images for"), "\(several)")
      // Index 0 in the colour of class 1, and index 2 in none.
      var pixels = [UInt8](repeating: 0, count: 192)
      pixels[7] = 2
      let mixed = Image(
        width: 16, height: 12, channels: 1, pixels: pixels, palette: Self.colours[1] + Self.colours[1] + [1, 2, 3])
      let contradiction = try outcome(Self.names, mixed)
      #expect(contradiction.exitCode == 65 && contradiction.errors.contains("say different things"), "\(contradiction)")
      let ego = try outcome(Self.names, plain(1, 34))
      #expect(ego.exitCode == 65 && ego.errors.contains("the label 34 at row 0, column 0"), "\(ego)")
      #expect(ego.errors.contains("as Cityscapes' label ids"), "\(ego)")
      let clear = try outcome(Self.names, plain(4, 128))
      #expect(clear.exitCode == 65 && clear.errors.contains("not an image of labels"), "\(clear)")
    }
  }
}
