import Foundation
import TestSupport
import Testing

/// What a training says to people, and what it takes from them.
@Suite struct TrainWordsTests {
  private static let tiny =
    "--backend portable --set model.widths=[2,2,2,2,2] --set model.fc=4 --set train.steps=1"

  /// The line is there to be pasted into a shell.
  @Test func theNextCommandCanBePasted() throws {
    try withTool { tool in
      try tool(["dataset", "synthesize", "--output", "my data", "--train", "2", "--val", "1"])
      let arguments = "train \(Self.tiny)".split(separator: " ").map(String.init)
      let outcome = try tool(arguments + ["--data", "my data", "--output", "it's a run"])
      #expect(outcome.exitCode == 0, "\(outcome)")
      let next = try #require(outcome.output.split(separator: "\n").first { $0.hasPrefix("next: fcn-dist ") })
      let program = try TestedPackage.program("fcn-dist")
      let pasted = try Subprocess.run(
        ["/bin/sh", "-c", program + next.dropFirst("next: fcn-dist".count)], folder: tool.folder)
      #expect(pasted.exitCode == 0, "\(next)\n\(pasted)")
      #expect(FileManager.default.fileExists(atPath: tool.folder + "/it's a run/predictions"))
    }
  }

  @Test(arguments: ["c.json", "bom.yaml"]) func configurationsOfOtherEditorsAreTaken(name: String) throws {
    try withTool { tool in
      try tool("dataset synthesize --output data --train 2 --val 1")
      let texts = [
        "c.json": "{\"model\": {\"architecture\": \"fcn16s\"}, \"train\": {\"evaluate_every\": \"never\"}}",
        "bom.yaml": "\u{FEFF}model:\r\n  architecture: \"fcn16s\"\r\nbatch:\r\n  global: 2\r\n",
      ]
      try Data(try #require(texts[name]).utf8).write(to: URL(fileURLWithPath: "\(tool.folder)/\(name)"))
      let outcome = try tool("train --config \(name) --data data --output run \(Self.tiny)")
      #expect(outcome.exitCode == 0, "\(outcome)")
      #expect(outcome.output.contains("model: fcn16s"), "\(outcome)")
    }
  }

  /// More memory than any machine has, and nothing of it taken: not before the first step, nor half an hour later.
  @Test func imagesThatAreTooLargeAreSaidBeforehand() throws {
    try withTool { tool in
      try tool("dataset synthesize --output data --train 1 --val 1 --height 2100 --width 2100")
      let line =
        "train --backend portable --data data --set model.widths=[256,4,4,4,4] --set model.fc=4 --set train.steps=1"
        + " --set batch.global=512 --set batch.micro=512"
      let outcome = try tool("\(line) --output run")
      #expect(outcome.exitCode == 78, "\(outcome)")
      #expect(outcome.errors.split(separator: "\n").count == 1, "\(outcome)")
      #expect(outcome.errors.contains("training on images of 2100 x 2100 pixels takes "), "\(outcome)")
      #expect(outcome.errors.contains("data.augment.crop="), "\(outcome)")
      let cropped = try tool("\(line) --output run2 --set data.augment.crop=[32,32] --set model.widths=[256,4,4,4,4]")
      // A crop is enough for training, but the val split is evaluated as it is.
      #expect(cropped.exitCode == 0 || cropped.errors.contains("evaluating images of 2100 x 2100"), "\(cropped)")
    }
  }
}
