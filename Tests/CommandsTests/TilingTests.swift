import Basics
import Commands
import Foundation
import ImageFiles
import TestSupport
import Testing
import Training

/// `predict --tile` and `evaluate --tile`: images that do not fit into memory at once.
@Suite struct TilingTests {
  @Test func tilesCoverTheImageAndEndWithIt() {
    let tiling = Tiling(side: 10, overlap: 4)
    #expect(tiling.tiles(7) == [0..<7])
    #expect(tiling.tiles(10) == [0..<10])
    #expect(tiling.tiles(23) == [0..<10, 6..<16, 12..<22, 13..<23])
    #expect(tiling.tiles(22) == [0..<10, 6..<16, 12..<22])
    #expect(tiling.weights(10, hasTileBefore: true, hasTileAfter: false)[..<5] == [0.2, 0.4, 0.6, 0.8, 1])
    #expect(tiling.weights(10, hasTileBefore: false, hasTileAfter: true)[5...] == [1, 0.8, 0.6, 0.4, 0.2])
  }

  /// A constant stays one, whatever tiles lie over it; a ramp between two tiles is their weighted mean.
  @Test func scoresAreTheWeightedMean() {
    let tiling = Tiling(side: 6, overlap: 2)
    let columns = tiling.weighted(10)
    let rows = tiling.weighted(10)
    var blend = TileBlend(height: 6, width: 10, classCount: 1, columns: columns)
    var result: [[Float]] = []
    for (number, row) in rows.enumerated() {
      blend.begin(rowWeights: row.weights)
      for (place, column) in columns.enumerated() {
        let scores = [Float](repeating: Float(10 * number + place), count: 36)
        blend.add(scores, columns: column.range, rowWeights: row.weights, columnWeights: column.weights)
      }
      let end = number + 1 < rows.count ? rows[number + 1].range.lowerBound : 10
      blend.take(end - row.range.lowerBound) { _, scores in result.append(Array(scores)) }
    }
    #expect(rows.map(\.range) == [0..<6, 4..<10])
    #expect(result.count == 10)
    for (y, row) in result.enumerated() {
      for (x, value) in row.enumerated() {
        func second(_ place: Int) -> Float { place < 4 ? 0 : place > 5 ? 1 : Float(place - 3) / 3 }
        #expect(abs(value - (10 * second(y) + second(x))) < 1e-5, "\(y) \(x) \(value)")
      }
    }
  }

  @Test func aLargeImageIsPredictedInTiles() throws {
    try withTool { tool in
      func run(_ command: String) throws { let o = try tool(command); try #require(o.exitCode == 0, "\(o)") }
      try run("dataset synthesize --output data --train 4 --val 2 --height 96 --width 128")
      try run(
        "train --data data --output run --backend portable --set train.steps=2 --set model.widths=[4,4,4,4,4] "
          + "--set model.fc=8 --set batch.global=2 --set batch.micro=1 --set data.augment.crop=[32,32]")
      let predict = "predict --checkpoint run/checkpoints/latest.h5 --backend portable --data data --split val"
      try run("\(predict) --output whole --logits whole.h5")
      try run("\(predict) --output one --tile 128 --logits one.h5")
      try run("\(predict) --output many --tile 48 --overlap 16 --logits many.h5")
      func files(_ folder: String) throws -> [Data] {
        try FileManager.default.contentsOfDirectory(atPath: "\(tool.folder)/\(folder)").sorted().map {
          try Data(contentsOf: URL(fileURLWithPath: "\(tool.folder)/\(folder)/\($0)"))
        }
      }
      #expect(try files("one") == files("whole"))
      #expect(try files("many").count == files("whole").count)
      // At its edges a tile does not see what is beyond them: scores tell that it was cut.
      let scores = try ["whole", "one", "many"].map {
        try Data(contentsOf: URL(fileURLWithPath: "\(tool.folder)/\($0).h5"))
      }
      #expect(scores[1] == scores[0] && scores[2] != scores[0])
      for (command, word) in [("--tile 16", "32"), ("--overlap 4", "--tile"), ("--tile 64 --overlap 40", "half")] {
        let outcome = try tool("\(predict) --output bad \(command)")
        #expect(outcome.exitCode == 64 && outcome.errors.contains(word), "\(outcome)")
      }
    }
  }

  /// Tiles are counted as the pictures that are predicted in the same tiles, whatever the number of ranks.
  @Test func aLargeImageIsEvaluatedInTiles() throws {
    try withTool { tool in
      func run(_ command: String) throws { let o = try tool(command); try #require(o.exitCode == 0, "\(o)") }
      func result(_ name: String) throws -> [String: Any] {
        let data = try Data(contentsOf: URL(fileURLWithPath: "\(tool.folder)/\(name)"))
        return try #require(JSONSerialization.jsonObject(with: data) as? [String: Any])
      }
      try run("dataset synthesize --output data --train 4 --val 3 --height 96 --width 128")
      try run(
        "train --data data --output run --backend portable --set train.steps=2 --set model.widths=[4,4,4,4,4] "
          + "--set model.fc=8 --set batch.global=2 --set batch.micro=1 --set data.augment.crop=[32,32]")
      let evaluate = "evaluate --checkpoint run/checkpoints/latest.h5 --backend portable --data data --json"
      try run("\(evaluate) whole.json")
      try run("\(evaluate) one.json --tile 128")
      try run("\(evaluate) many.json --tile 48 --overlap 16")
      try run(
        "predict --checkpoint run/checkpoints/latest.h5 --backend portable --data data --split val --output many "
          + "--tile 48 --overlap 16")
      try run("evaluate --predictions many --data data --json pictures.json")
      let (whole, one, many) = (try result("whole.json"), try result("one.json"), try result("many.json"))
      #expect(NSDictionary(dictionary: whole) == NSDictionary(dictionary: one))
      let counts = many["confusion"] as? [[Int]]
      let pictures = try result("pictures.json")
      #expect(counts != nil && counts == pictures["confusion"] as? [[Int]])
      let (loss, wholeLoss) = (try #require(many["loss"] as? Double), try #require(whole["loss"] as? Double))
      // So short a training knows one class; its scores are others where tiles end.
      #expect(loss != wholeLoss && abs(loss - wholeLoss) < 0.2 * wholeLoss, "\(loss) \(wholeLoss)")
      for (command, word) in [("--tile 16", "32"), ("--tile 64 --flip", "--flip goes without --tile")] {
        let outcome = try tool("\(evaluate) bad.json \(command)")
        #expect(outcome.exitCode == 64 && outcome.errors.contains(word), "\(outcome)")
      }
    }
  }
}
