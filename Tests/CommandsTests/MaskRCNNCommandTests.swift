import Basics
import Foundation
import TestSupport
import Testing

/// Mask R-CNN from a dataset to detections, as people run it.
@Suite(.serialized) struct MaskRCNNCommandTests {
  static let network =
    " --set model.architecture=mask-rcnn --set model.widths=[4,4,8,8,8] --set detection.fpn_channels=8"
    + " --set detection.box_features=16 --set detection.mask_channels=8 --set detection.mask_layers=1"
    + " --set detection.min_size=64 --set detection.max_size=128 --set detection.anchor_sizes=[8,16,32,48,64]"
    + " --set detection.rpn_pre_nms_train=60 --set detection.rpn_post_nms_train=40"
    + " --set detection.rpn_pre_nms_test=60 --set detection.rpn_post_nms_test=30"
    + " --set detection.box_batch_per_image=24 --set detection.box_score=0.01"
  private static let recipe =
    " --threads 1 --backend portable --set optimizer.learning_rate=0.01 --set batch.global=4" + network

  /// Losses and parameters of three steps of ../shared/golden, through the command line.
  @Test(
    .enabled(if: SharedFolder.golden != nil && Python.hasH5py, "needs ../shared/golden and python3 with h5py"),
    arguments: ["portable", "onednn"])
  func stepsAreThoseOfTheReference(backend: String) throws {
    let golden = try #require(SharedFolder.golden) + "/maskrcnn-vgg16"
    try withTool { tool in
      let outcome = try tool([
        "train", "--config", "\(golden)/config.yaml", "--data", golden, "--init", "\(golden)/init.h5", "--output",
        "run",
        "--backend", backend,
      ])
      if backend == "onednn" && outcome.errors.contains("oneDNN backend cannot be used") { return }
      #expect(outcome.exitCode == 0, "\(outcome)")
      let script = """
        import glob, h5py, json, sys
        folder = sys.argv[1]; e = h5py.File("\(golden)/expected.h5")
        steps = [json.loads(line) for line in open(folder + "/run/metrics.jsonl")]
        for step, losses in zip(steps, e["losses"][:]):
            for name, loss in zip(("objectness", "rpn_box", "class", "box", "mask"), losses):
                assert abs(step["losses"][name] - loss) <= 1e-4 * abs(loss), (step, name, loss)
            assert abs(step["loss"] - losses.sum()) <= 1e-4 * losses.sum(), step
        f = h5py.File(folder + "/run/checkpoints/latest.h5")["model/parameters"]; count = 0
        for layer in e["after/3"]:
            for kind in e["after/3"][layer]:
                a, b = f[layer][kind][:], e["after/3"][layer][kind][:]; count += 1
                assert a.shape == b.shape and abs(a - b).max() <= 1e-4 * abs(b).max(), (layer, kind)
        assert len(steps) == 3 and count == 68, count
        print("ok")
        """
      #expect(try Python.run(script, tool.folder) == "ok\n")
    }
  }

  @Test func aTrainingIsEvaluatedResumedReportedAndPredictedWith() throws {
    try withTool { tool in
      try tool("dataset synthesize --task instances --output data --train 8 --val 4 --height 64 --width 96")
      let training =
        "train --data data --output run\(Self.recipe) --set train.evaluate_every=2 --set train.checkpoint_every=2"
      let first = try tool("\(training) --set train.steps=4")
      #expect(first.exitCode == 0 && first.output.contains("mask AP"), "\(first)")
      let second = try tool("\(training) --set train.steps=6 --resume auto")
      #expect(second.exitCode == 0 && !second.output.contains("nan"), "\(second)")
      let lines = try String(contentsOfFile: tool.folder + "/run/metrics.jsonl", encoding: .utf8)
      #expect(lines.contains("\"mask_ap\":") && lines.contains("\"rpn_box\":") && !lines.contains("mean_iou"))
      let evaluated = try tool(
        "evaluate --checkpoint run/checkpoints/latest.h5 --data data --backend portable --json val.json")
      #expect(evaluated.exitCode == 0 && evaluated.output.contains("AR medium"), "\(evaluated)")
      let next = try #require(second.output.split(separator: "\n").first { $0.hasPrefix("next: fcn-dist ") })
      let predicted = try tool(next.dropFirst("next: fcn-dist ".count) + " --score 0 --json val-results.json")
      #expect(predicted.exitCode == 0 && predicted.output.contains("in 4 images"), "\(predicted)")
      #expect(FileManager.default.fileExists(atPath: tool.folder + "/run/predictions/scene-00000-overlay.png"))
      #expect(next.contains("--sheet") && predicted.output.contains("drew 4 images into"), "\(predicted)")
      let report = try tool("report run")
      #expect(report.exitCode == 0, "\(report)")
      let page = try String(contentsOfFile: tool.folder + "/run/report.html", encoding: .utf8)
      #expect(page.contains("best mask AP") && page.contains("rpn_box") && page.contains("data:image/png"))
      #expect(page.contains("class=\"wide\"") && !page.contains("<td>background</td>"))
    }
  }

  /// Checkpoints are written while the next step is computed, by threads that share a pool; and before a training the
  /// doctor is asked.
  @Test func severalThreadsWriteAndComputeAtOnce() throws {
    try withTool { tool in
      try tool("dataset synthesize --task instances --output data --train 4 --val 1 --height 64 --width 96")
      let recipe = { (threads: Int) in Self.recipe.replacing("--threads 1", with: "--threads \(threads)") }
      let doctor = try tool("doctor --data data\(recipe(2))")
      #expect(doctor.exitCode == 0 && doctor.output.contains("0 errors"), "\(doctor)")
      let training =
        "train --data data --set train.checkpoint_every=1 --set train.evaluate_every=never --set train.steps=6"
      for threads in [1, 4] {
        let outcome = try tool("\(training) --output run\(threads)\(recipe(threads))")
        #expect(outcome.exitCode == 0, "\(outcome)")
      }
    }
  }

  @Test func whatDoesNotFitIsRefusedWithTheRemedy() throws {
    try withTool { tool in
      try tool("dataset synthesize --task instances --output things --train 4 --val 2 --height 64 --width 64")
      let steps = " --set train.steps=1"
      let segmenting = try tool("train --data things --output a --backend portable\(steps)")
      #expect(
        segmenting.exitCode == 78 && segmenting.errors.contains("set model.architecture to mask-rcnn"),
        "\(segmenting)")
      let cropped = try tool(
        "train --data things --output b\(Self.recipe)\(steps) --set data.augment.crop=[32,32]")
      #expect(cropped.exitCode == 78 && cropped.errors.contains("detection.min_size"), "\(cropped)")
      let sizes = try tool("train --data things --output c\(Self.recipe)\(steps) --set detection.anchor_sizes=[8,16]")
      #expect(sizes.exitCode == 78 && sizes.errors.contains("five numbers"), "\(sizes)")
      try tool("train --data things --output d\(Self.recipe)\(steps)")
      let weighted = try tool(
        "train --data things --output e\(Self.recipe)\(steps) --set loss.class_weights=median-frequency")
      #expect(
        weighted.exitCode == 0 && (weighted.output + weighted.errors).contains("loss.* have no effect"), "\(weighted)")
      let exported = try tool("checkpoint export d/checkpoints/latest.h5 d.onnx --labels")
      #expect(exported.exitCode == 64 && exported.errors.contains("leave --labels out"), "\(exported)")
    }
  }
}
