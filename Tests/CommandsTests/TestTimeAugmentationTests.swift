import Foundation
import Storage
import TestSupport
import Testing

/// Scales and mirror images in evaluate and predict, and which weights they use.
@Suite struct TestTimeAugmentationTests {
  private static let smoke = TestedPackage.folder + "/configs/smoke.yaml"

  private func train(_ tool: Tool, _ settings: String = "") throws {
    try tool("dataset synthesize --output data --train 6 --val 3 --height 48 --width 64 --shards 1")
    let outcome = try tool("train --config \(Self.smoke) --data data --output run --set train.steps=6 \(settings)")
    #expect(outcome.exitCode == 0, "\(outcome)")
  }

  private let checkpoint = "--checkpoint run/checkpoints/latest.h5 --data data"

  /// Each scale and mirror image by itself, put together in Python.
  @Test(.enabled(if: Python.hasH5py && Python.hasPillow, "needs h5py and Pillow")) func theProbabilitiesAreTheirMean()
    throws
  {
    try withTool { tool in
      try train(tool)
      for (name, options) in [
        ("plain", ""), ("flip", "--flip"), ("half", "--scales 0.5"), ("all", "--scales 0.5,1 --flip"),
      ] {
        let outcome = try tool("predict \(checkpoint) --logits \(name).h5 \(options) --output \(name)")
        #expect(outcome.exitCode == 0, "\(outcome)")
      }
      // Mirrored images, as a dataset of their own.
      try Python.run(
        """
        import h5py, numpy, os, sys
        os.chdir(sys.argv[1])
        os.mkdir("mirrored")
        import shutil
        from PIL import Image
        shard = h5py.File("data/val-00000-of-00001.h5")
        for key in shard["keys"][:]:
          image = shard["images"][key.decode()][()]
          assert image.shape == (48, 64, 3)
          Image.fromarray(image[:, ::-1]).save(f"mirrored/{key.decode()}.png")
        """, tool.folder)
      let mirrored = try tool(
        "predict --checkpoint run/checkpoints/latest.h5 --logits mirrored.h5 --output m mirrored")
      #expect(mirrored.exitCode == 0, "\(mirrored)")
      let halved = try tool(
        "predict --checkpoint run/checkpoints/latest.h5 --logits mirrored-half.h5 --output mh mirrored --scales 0.5")
      #expect(halved.exitCode == 0, "\(halved)")
      try Python.run(
        """
        import h5py, numpy, os, sys
        from PIL import Image
        os.chdir(sys.argv[1])
        files = {name: h5py.File(name + ".h5")["logits"] for name in
          ["plain", "flip", "half", "all", "mirrored", "mirrored-half"]}
        def softmax(z):
          e = numpy.exp(z - z.max(0)); return e / e.sum(0)
        for key in files["plain"]:
          p = {name: softmax(file[key][()].astype(float)) for name, file in files.items()}
          back = {name: p[name][:, :, ::-1] for name in ["mirrored", "mirrored-half"]}
          assert abs(p["flip"] - (p["plain"] + back["mirrored"]) / 2).max() < 1e-5
          mean = (p["plain"] + back["mirrored"] + p["half"] + back["mirrored-half"]) / 4
          assert abs(p["all"] - mean).max() < 1e-5
          assert abs(p["all"] - p["plain"]).max() > 1e-3 and abs(p["half"] - p["plain"]).max() > 1e-3
          assert (numpy.array(Image.open(f"all/{key}.png")) == p["all"].argmax(0)).mean() > 0.999
        """, tool.folder)
      // The scores are those of the pictures.
      let evaluated = try tool("evaluate \(checkpoint) --scales 0.5,1 --flip --json all.json")
      let scored = try tool("evaluate --predictions all --data data --json pictures.json")
      #expect(evaluated.exitCode == 0 && scored.exitCode == 0, "\(evaluated) \(scored)")
      #expect(try value("mean_iou", "all.json", tool) == value("mean_iou", "pictures.json", tool))
      let plain = try tool("evaluate \(checkpoint) --json plain.json")
      let one = try tool("evaluate \(checkpoint) --scales 1 --json one.json")
      #expect(plain.exitCode == 0 && one.exitCode == 0)
      #expect(try value("mean_iou", "plain.json", tool) == value("mean_iou", "one.json", tool))
      let losses = try (value("loss", "plain.json", tool), value("loss", "one.json", tool))
      #expect(abs(losses.0 - losses.1) < 1e-5)
      #expect(try value("loss", "all.json", tool) != losses.0)
    }
  }

  private func value(_ name: String, _ file: String, _ tool: Tool) throws -> Double {
    let bytes = try Data(contentsOf: URL(fileURLWithPath: tool.folder + "/" + file))
    let object = try #require(try JSONSerialization.jsonObject(with: bytes) as? [String: Any])
    return try #require(object[name] as? Double)
  }

  @Test(arguments: [
    ("evaluate --checkpoint a --data b --scales 0.5,x", "--scales must be numbers in 0.1 … 4.0 with commas"),
    ("evaluate --checkpoint a --data b --scales 0.5,,1", "found '0.5,,1'"),
    ("evaluate --checkpoint a --data b --scales 9", "found '9'"),
    ("evaluate --predictions a --data b --flip", "--predictions goes without --flip"),
    ("predict --checkpoint a --data b --flip --tile 64", "--flip goes without --tile"),
    ("predict --checkpoint a --data b --weights best", "The value 'best' is invalid for '--weights <which>'"),
  ])
  func saysWhatDoesNotGoTogether(arguments: String, expected: String) throws {
    try withTool { tool in
      let outcome = try tool(arguments)
      #expect(outcome.exitCode == 64 && outcome.errors.contains(expected), "\(outcome)")
    }
  }

  @Test func classifiersAreRefused() throws {
    try withTool { tool in
      try tool("dataset synthesize --output data --train 4 --val 2 --height 48 --width 64 --task classification")
      try tool(
        "train --config \(Self.smoke) --data data --output run --set train.steps=1 --set model.architecture=vgg16")
      for command in ["evaluate", "predict"] {
        let outcome = try tool("\(command) \(checkpoint) --scales 0.5,1")
        #expect(outcome.exitCode == 64, "\(outcome)")
        #expect(
          outcome.errors.contains(
            "--scales is for networks that label pixels, and run/checkpoints/latest.h5 classifies"))
      }
    }
  }

  /// What is evaluated in training is the average, and so is what a checkpoint's user gets; the last weights on demand.
  @Test func theAverageIsUsed() throws {
    try withTool { tool in
      try train(tool, "--set optimizer.ema_decay=0.9 --set train.evaluate_every=6")
      let metrics = try String(contentsOfFile: tool.folder + "/run/metrics.jsonl", encoding: .utf8)
      for (name, options) in [("default", ""), ("average", "--weights average"), ("last", "--weights last")] {
        let outcome = try tool("evaluate \(checkpoint) --json \(name).json \(options)")
        #expect(outcome.exitCode == 0, "\(outcome)")
        #expect(outcome.output.contains("parameters: their moving average") == (name != "last"), "\(outcome)")
        let file = try tool("checkpoint export run/checkpoints/latest.h5 \(name).h5 \(options)")
        #expect(file.exitCode == 0 && file.output.contains("(their moving average)") == (name != "last"), "\(file)")
        let again = try tool("evaluate --checkpoint \(name).h5 --config run/config.yaml --data data --json again.json")
        #expect(again.exitCode == 0, "\(again)")
        #expect(try value("loss", "again.json", tool) == value("loss", "\(name).json", tool))
      }
      let loss = try value("loss", "default.json", tool)
      #expect(try value("loss", "average.json", tool) == loss)
      #expect(try value("loss", "last.json", tool) != loss)
      let record = try #require(metrics.split(separator: "\n").last { $0.contains("mean_iou") })
      let object = try JSONSerialization.jsonObject(with: Data(record.utf8)) as? [String: Any]
      #expect(object?["loss"] as? Double == loss, "\(record)")
      #expect(try tool("predict \(checkpoint) --weights last --output out").exitCode == 0)
      let plain = try tool("train --config \(Self.smoke) --data data --output plain --set train.steps=1")
      #expect(plain.exitCode == 0)
      let refused = try tool("evaluate --checkpoint plain/checkpoints/latest.h5 --data data --weights average")
      #expect(
        refused.exitCode == 65 && refused.errors.contains("has no moving average of its parameters"), "\(refused)")
    }
  }
}
