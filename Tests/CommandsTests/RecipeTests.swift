import Basics
import Commands
import Foundation
import Model
import RunLogging
import TestSupport
import Testing
import TrainingConfiguration

/// The files in configs/.
@Suite struct RecipeTests {
  static let folder = TestedPackage.folder + "/configs"
  static let names = ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).filter {
    $0.hasSuffix(".yaml")
  }.sorted()

  @Test func theyAreThere() { #expect(Self.names.count >= 10) }

  @Test(arguments: names) func reads(name: String) throws {
    let text = try String(contentsOfFile: "\(Self.folder)/\(name)", encoding: .utf8)
    let configuration = try Configuration(yaml: text, file: name)
    #expect(try Configuration(yaml: configuration.yaml, file: name) == configuration)
    #expect(text.hasPrefix("# "), "it says what it is and where it comes from")
  }

  @Test func theBuiltInRecipeIsTheQuickstart() throws {
    let text = try String(contentsOfFile: Self.folder + "/quickstart.yaml", encoding: .utf8)
    #expect(BuiltInRecipe.yaml == text)
  }

  /// oneDNN computes bfloat16 from AVX-512 on; elsewhere the portable backend stands in.
  private static let backend = Processor.hasAVX512 ? "auto" : "portable"

  /// Two steps of each, with few channels so that it takes seconds: everything but the widths is as in the file.
  @Test(arguments: names) func trainsTwoSteps(name: String) throws {
    try withTool { tool in
      let text = try String(contentsOfFile: "\(Self.folder)/\(name)", encoding: .utf8)
      let task = try Configuration(yaml: text, file: name).model.architecture.task
      try tool("dataset synthesize --task \(task.rawValue) --output data --train 4 --val 1")
      let outcome = try tool(
        "train --config \(Self.folder)/\(name) --data data --output run --backend \(Self.backend)"
          + " --set model.widths=[4,4,8,8,8] --set model.fc=16 --set train.steps=2 --set train.evaluate_every=2")
      #expect(outcome.exitCode == 0, "\(outcome)")
      let metrics = try MetricsContent(path: tool.folder + "/run/metrics.jsonl")
      #expect(metrics.steps.map(\.step) == [1, 2] && metrics.evaluations.map(\.step) == [2])
      #expect(metrics.steps.allSatisfy { $0.loss.isFinite && $0.loss > 0 })
    }
  }
}
