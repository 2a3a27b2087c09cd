import Commands
import Foundation
import TestSupport
import Testing
import TrainingConfiguration

/// The commands as people use them, on a small synthetic dataset.
@Suite struct WorkflowTests {
  private static let smoke = TestedPackage.folder + "/configs/smoke.yaml"

  private static func synthesise(_ tool: Tool) throws {
    let outcome = try tool("dataset synthesize --output data --train 6 --val 3 --height 48 --width 64 --shards 2")
    #expect(outcome.exitCode == 0 && outcome.output.contains("train: 6 scenes of 64 x 48 in data"), "\(outcome)")
  }

  @Test func fromADatasetToPictures() throws {
    try withTool { tool in
      try Self.synthesise(tool)
      #expect(try tool("dataset verify data").output.contains("data is good: 9 samples"))
      let shown = try tool("dataset show data --output sheet.png --count 3")
      #expect(shown.exitCode == 0 && shown.output.contains("drew samples of val into sheet.png"), "\(shown)")
      let trained = try tool("train --config \(Self.smoke) --data data --output run --set train.steps=2")
      #expect(trained.exitCode == 0 && trained.output.contains("finished"), "\(trained)")
      let evaluated = try tool("evaluate --checkpoint run/checkpoints/latest.h5 --data data --json val.json")
      #expect(evaluated.exitCode == 0 && evaluated.output.contains("split val, 3 images: mean IoU"), "\(evaluated)")
      let predicted = try tool(
        """
        predict --checkpoint run/checkpoints/latest.h5 --data data --overlay --output run/predictions \
        --sheet page.png --count 2 --logits l.h5
        """)
      #expect(predicted.exitCode == 0, "\(predicted)")
      #expect(try tool("report run").exitCode == 0)
      let files = try FileManager.default.subpathsOfDirectory(atPath: tool.folder)
      for file in [
        "sheet.png", "page.png", "run/config.yaml", "run/metrics.jsonl", "run/report.html", "run/checkpoints/latest.h5",
        "run/predictions/scene-00000.png", "run/predictions/scene-00002-overlay.png", "val.json", "l.h5",
      ] {
        #expect(files.contains(file), "\(file)")
      }
      #expect(!files.contains { $0.contains(".partial") })
      let repetition = try tool("train --config run/config.yaml --output again")
      #expect(repetition.exitCode == 0, "\(repetition)")
      let started = try String(contentsOfFile: tool.folder + "/run/config.yaml", encoding: .utf8)
      #expect(started.hasPrefix("# fcn-dist train --config "))
      let report = try String(contentsOfFile: tool.folder + "/run/report.html", encoding: .utf8)
      #expect(report.contains("# fcn-dist train --config "))
    }
  }

  @Test(.enabled(if: Python.hasH5py)) func othersReadWhatPredictWrites() throws {
    try withTool { tool in
      try Self.synthesise(tool)
      try tool("train --config \(Self.smoke) --data data --output run --set train.steps=1")
      let outcome = try tool(
        "predict --checkpoint run/checkpoints/latest.h5 --data data --split train --output out --logits l.h5")
      #expect(outcome.exitCode == 0, "\(outcome)")
      let script = """
        import h5py, sys, numpy
        from PIL import Image
        logits = h5py.File("l.h5")["logits"]
        shard = [h5py.File(f"data/train-{i:05}-of-00002.h5") for i in range(2)]
        keys = [key.decode() for file in shard for key in file["keys"][:]]
        assert sorted(logits) == sorted(keys), list(logits)
        for key in keys:
            scores = logits[key]
            assert scores.shape == (8, 48, 64) and scores.dtype == numpy.float32
            picture = Image.open(f"out/{key}.png")
            assert picture.mode == "P" and picture.getpalette()[:768] == shard[0]["palette"][:].ravel().tolist()
            assert (numpy.array(picture) == scores[:].argmax(0)).all()
        print("ok")
        """
      #expect(try Python.run("import os, sys; os.chdir(sys.argv[1])\n" + script, tool.folder) == "ok\n")
    }
  }

  @Test func aRunGoesOnWhereItStopped() throws {
    try withTool { tool in
      try Self.synthesise(tool)
      let train = "train --config \(Self.smoke) --data data --output"
      #expect(try tool("\(train) whole --set train.steps=6").exitCode == 0)
      #expect(try tool("\(train) parts --set train.steps=3").exitCode == 0)
      let refused = try tool("\(train) parts --set train.steps=6")
      #expect(refused.exitCode == 73 && refused.errors.contains("--resume auto"), "\(refused)")
      // A checkpoint knows how it was trained, for a run in another folder too.
      let moved = try tool("train --output moved --resume parts/checkpoints/latest.h5 --set train.steps=6")
      #expect(moved.exitCode == 0 && moved.output.contains("recipe: as in parts/"), "\(moved)")
      // Without --config the run's own configuration is taken, its data too.
      #expect(try tool("train --output parts --resume auto --set train.steps=6").exitCode == 0)
      let digests = try ["whole", "parts", "moved"].map {
        try tool("checkpoint digest \($0)/checkpoints/latest.h5").output
      }
      #expect(Set(digests).count == 1 && digests[0].count == 65, "\(digests)")
      #expect(try tool("checkpoint diff whole/checkpoints/latest.h5 parts/checkpoints/latest.h5").exitCode == 0)
    }
  }

  @Test func parametersGoOutAndIn() throws {
    try withTool { tool in
      try Self.synthesise(tool)
      try tool("train --config \(Self.smoke) --data data --output run --set train.steps=1")
      #expect(try tool("checkpoint verify run/checkpoints/latest.h5").output.contains("good, step 1"))
      #expect(try tool("checkpoint show run/checkpoints/latest.h5").output.contains("model.architecture"))
      let text = try tool("checkpoint show --configuration run/checkpoints/latest.h5").output
      #expect(try Configuration(yaml: text, file: "shown").model.widths == [4, 4, 8, 8, 8])
      #expect(try tool("checkpoint export run/checkpoints/latest.h5 plain.h5").exitCode == 0)
      #expect(try tool("checkpoint export run/checkpoints/latest.h5 plain.h5").exitCode == 73)
      #expect(try tool("checkpoint import plain.h5 again.h5").output.contains("wrote 39 tensors"))
      let unnamed = try tool("evaluate --checkpoint again.h5 --data data")
      #expect(unnamed.exitCode == 66 && unnamed.errors.contains("--config"), "\(unnamed)")
      let results = try [
        "--checkpoint run/checkpoints/latest.h5", "--checkpoint again.h5 --config run/config.yaml",
      ].map {
        try tool("evaluate \($0) --data data").output.split(separator: "\n").filter { !$0.contains(" images/s") }
      }
      #expect(results[0] == results[1] && results[0].count > 2, "\(results)")
    }
  }

  /// It may list a number for each level of nested threads; ours have one level.
  @Test func theFirstNumberOfThreadsInTheEnvironmentCounts() throws {
    try withTool { tool in
      let tiny = "--set model.widths=[4,4,4,4,4] --set model.fc=8 --set data.augment.crop=[32,48]"
      let outcome = try tool(
        "doctor --backend portable \(tiny) --json facts.json", environment: ["OMP_NUM_THREADS": "1,2"])
      let facts = try String(contentsOfFile: tool.folder + "/facts.json", encoding: .utf8)
      #expect(facts.contains("\"threads\": 1,"), "\(facts)\n\(outcome)")
    }
  }

  @Test(.enabled(if: Python.hasH5py)) func vggWeightsOfTorchvisionAreTaken() throws {
    try withTool { tool in
      let script = """
        import h5py, numpy, sys
        with h5py.File(sys.argv[1] + "/vgg.h5", "w") as f:
            f["features.0.weight"] = numpy.ones((4, 3, 3, 3), "f4")
            f["features.0.bias"] = numpy.ones(4, "f4")
            f["features/28/bias"] = numpy.zeros(8, "f4")
            f["classifier.0.weight"] = numpy.arange(16 * 8 * 49, dtype="f4").reshape(16, 8 * 49)
            f["classifier.0.bias"] = numpy.zeros(16, "f4")
            f["other"] = numpy.zeros((10, 16), "f4")
            f["conv2_1/0"] = numpy.zeros((4, 4, 3, 3), "f8")
            f["conv2_1/1"] = numpy.zeros(4, "f8")
        print("ok")
        """
      #expect(try Python.run(script, tool.folder) == "ok\n")
      let outcome = try tool("checkpoint import vgg.h5 fcn.h5")
      #expect(outcome.output.contains("conv5_3 has no weight") && outcome.output.contains("wrote 6 tensors"))
      let reader = """
        import h5py, numpy, sys
        f = h5py.File(sys.argv[1] + "/fcn.h5")["model/parameters"]
        assert sorted(f) == ["conv1_1", "conv2_1", "fc6"], list(f)
        assert f["fc6/weight"].shape == (16, 8, 7, 7) and f["fc6/weight"].dtype == "f4"
        assert (f["fc6/weight"][:].ravel() == numpy.arange(16 * 8 * 49)).all()
        print("ok")
        """
      #expect(try Python.run(reader, tool.folder) == "ok\n")
    }
  }
}
