import Foundation
import ImageFiles
import TestSupport
import Testing

/// Every mistake ends in one line that says what is wrong and what to do, with the exit code of its kind.
@Suite struct BadInputTests {
  private static let smoke = TestedPackage.folder + "/configs/smoke.yaml"

  private func expectFailure(
    _ outcome: Tool.Outcome, code: Int32, _ words: String..., location: SourceLocation = #_sourceLocation
  ) {
    #expect(outcome.exitCode == code, "\(outcome)", sourceLocation: location)
    let lines = outcome.errors.split(separator: "\n")
    #expect(lines.count == 1 && outcome.errors.hasPrefix("fcn-dist: error: "), "\(outcome)", sourceLocation: location)
    for word in words { #expect(outcome.errors.contains(word), "\(outcome.errors)", sourceLocation: location) }
  }

  private func write(_ text: String, _ path: String) throws {
    try Data(text.utf8).write(to: URL(fileURLWithPath: path))
  }

  @Test func configurations() throws {
    try withTool { tool in
      try write("optimizer:\n  learning_rat: 0.1\n", tool.folder + "/c.yaml")
      expectFailure(try tool("train --config c.yaml"), code: 78, "c.yaml:2: ", "did you mean optimizer.learning_rate?")
      try write("batch: {global: lots}\n", tool.folder + "/c.yaml")
      expectFailure(try tool("train --config c.yaml"), code: 78, "batch.global must be a whole number", "found lots")
      expectFailure(try tool("train --config missing.yaml"), code: 66, "missing.yaml")
      expectFailure(try tool("train --set train.stepz=1"), code: 78, "--set: there is no key train.stepz")
      expectFailure(
        try tool("train", environment: ["FCN_DIST_BACKEND": "gpu"]), code: 64, "FCN_DIST_BACKEND is 'gpu'")
      try write("model.architecture: fcn8s\n", tool.folder + "/c.yaml")
      expectFailure(try tool("train --config c.yaml"), code: 78, "c.yaml:1: ", "model: {architecture: …}")
      // Nothing would be the full-width net with all defaults.
      for text in ["", "\n  \n", "# to be written\n---\n", "\u{FEFF}"] {
        try write(text, tool.folder + "/c.yaml")
        expectFailure(try tool("train --config c.yaml"), code: 78, "c.yaml is empty", "leave --config out")
      }
      try Data([0xFF, 0xFE, 0x6D, 0x00, 0xFF]).write(to: URL(fileURLWithPath: tool.folder + "/c.yaml"))
      expectFailure(try tool("train --config c.yaml"), code: 78, "c.yaml is not a text in UTF-8", "UTF-16")
      // A recipe file of the folder is taken, and so are its mistakes.
      try write("modle: {}\n", tool.folder + "/fcn-dist.yaml")
      expectFailure(try tool("train"), code: 78, "fcn-dist.yaml:1: there is no key modle; did you mean model?")
    }
  }

  @Test func datasets() throws {
    try withTool { tool in
      expectFailure(try tool("dataset verify nowhere"), code: 66, "nowhere")
      expectFailure(try tool("train --config \(Self.smoke) --data nowhere"), code: 66, "nowhere")
      try FileManager.default.createDirectory(atPath: tool.folder + "/empty", withIntermediateDirectories: true)
      expectFailure(try tool("dataset show empty"), code: 66, "empty", "dataset synthesize")
      expectFailure(try tool("dataset verify empty"), code: 66, "empty")
      try tool("dataset synthesize --output data --train 2 --val 1 --height 48 --width 64")
      expectFailure(try tool("dataset verify data --split test"), code: 65, "no shards of split 'test'")
      expectFailure(try tool("dataset synthesize --output data"), code: 73, "data has shards of split 'train' already")
      let shard = tool.folder + "/data/val-00000-of-00001.h5"
      var bytes = try Data(contentsOf: URL(fileURLWithPath: shard))
      bytes[bytes.count / 2] ^= 4
      try bytes.write(to: URL(fileURLWithPath: shard))
      expectFailure(try tool("dataset verify data"), code: 65, "val-00000-of-00001.h5", "scene-00000")
      try bytes.prefix(bytes.count / 2).write(to: URL(fileURLWithPath: shard))
      expectFailure(try tool("dataset verify data"), code: 65, "val-00000-of-00001.h5")
    }
  }

  @Test func checkpointsAndImages() throws {
    try withTool { tool in
      try tool("dataset synthesize --output data --train 2 --val 1 --height 48 --width 64")
      try tool("train --config \(Self.smoke) --data data --output run --set train.steps=1")
      let checkpoint = "run/checkpoints/latest.h5"
      try write("no image", tool.folder + "/photo.jpg")
      expectFailure(try tool("predict --checkpoint \(checkpoint) photo.jpg"), code: 65, "photo.jpg is not an image")
      expectFailure(try tool("predict --checkpoint \(checkpoint) missing.png"), code: 66, "missing.png")
      let deep = Image(
        width: 64, height: 48, channels: 3, bitDepth: 16, pixels: .uint16((0..<9216).map { UInt16(7 * $0) }))
      try PNG.write(deep, to: tool.folder + "/deep.png")
      expectFailure(
        try tool("predict --checkpoint \(checkpoint) deep.png"), code: 65, "deep.png (uint16) has values up to")
      expectFailure(try tool("predict --checkpoint photo.jpg --data data"), code: 65, "photo.jpg")
      expectFailure(try tool("checkpoint show missing.h5"), code: 66, "missing.h5")
      expectFailure(
        try tool("train --config \(Self.smoke) --data data --output init --init photo.jpg"), code: 65,
        "photo.jpg is not an HDF5 file", "fcn-dist checkpoint import FILE OUT.h5")
      expectFailure(try tool("checkpoint verify data/val-00000-of-00001.h5"), code: 65, "val-00000-of-00001.h5")
      let other = try tool(
        "train --config \(Self.smoke) --data data --output other --resume \(checkpoint) --set model.fc=24")
      expectFailure(other, code: 78, "model.fc")
      var bytes = try Data(contentsOf: URL(fileURLWithPath: "\(tool.folder)/\(checkpoint)"))
      bytes[bytes.count / 2] ^= 1
      try bytes.write(to: URL(fileURLWithPath: tool.folder + "/bad.h5"))
      expectFailure(try tool("checkpoint verify bad.h5"), code: 65, "bad.h5")
    }
  }

  /// Nobody writes to them, and nobody may wait for it.
  @Test(.timeLimit(.minutes(2))) func pipes() throws {
    try withTool { tool in
      try tool("dataset synthesize --output data --train 2 --val 1 --height 48 --width 64")
      try tool("train --config \(Self.smoke) --data data --output run --set train.steps=1")
      for folder in ["shards", "pairs/images", "pairs/labels", "busy"] {
        try FileManager.default.createDirectory(
          atPath: "\(tool.folder)/\(folder)", withIntermediateDirectories: true)
      }
      for name in [
        "pipe.yaml", "pipe.png", "pipe.h5", "shards/val-00000-of-00001.h5", "pairs/images/a.png", "pairs/labels/a.png",
        "busy/metrics.jsonl",
      ] { #expect(mkfifo("\(tool.folder)/\(name)", 0o644) == 0) }
      let checkpoint = "--checkpoint run/checkpoints/latest.h5"
      expectFailure(try tool("train --config pipe.yaml --data data"), code: 66, "pipe.yaml is not a regular file")
      expectFailure(try tool("predict \(checkpoint) pipe.png"), code: 66, "pipe.png is not a regular file")
      expectFailure(try tool("predict --checkpoint pipe.h5 --data data"), code: 65, "pipe.h5 is not a file")
      try FileManager.default.createDirectory(atPath: "\(tool.folder)/album", withIntermediateDirectories: true)
      #expect(mkfifo("\(tool.folder)/album/pipe", 0o644) == 0)
      expectFailure(try tool("predict \(checkpoint) album"), code: 66, "there is no picture in album")
      expectFailure(try tool("dataset verify shards"), code: 65, "val-00000-of-00001.h5 is not a file")
      expectFailure(
        try tool("dataset import folder pairs --output tiles --split val --classes a,b"), code: 66,
        "a.png is not a regular file")
      expectFailure(
        try tool("train --config \(Self.smoke) --data data --output busy"), code: 66,
        "busy/metrics.jsonl is not a regular file")
    }
  }

  @Test func outputs() throws {
    try withTool { tool in
      try tool("dataset synthesize --output data --train 2 --val 1 --height 48 --width 64")
      try write("in the way", tool.folder + "/file")
      expectFailure(try tool("verify-exactness --folder file/x"), code: 73, "file/x")
      let train = "train --config \(Self.smoke) --data data --set train.steps=1 --output"
      expectFailure(try tool("\(train) file/run"), code: 73, "file/run")
      #expect(try tool("\(train) run").exitCode == 0)
      expectFailure(
        try tool("predict --checkpoint run/checkpoints/latest.h5 --data data --output file/out"), code: 73, "file/out")
      expectFailure(
        try tool("predict --checkpoint run/checkpoints/latest.h5 --data data --logits file/l.h5"), code: 73, "file/l.h5"
      )
    }
  }
}
