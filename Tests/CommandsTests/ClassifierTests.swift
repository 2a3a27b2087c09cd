import Basics
import Foundation
import ImageFiles
import TestSupport
import Testing

/// Classification from the folder of images to the five likeliest classes, as people run it.
@Suite(.serialized) struct ClassifierTests {
  private static let recipe =
    " --threads 1 --backend portable --set model.architecture=vgg16 --set model.widths=[4,4,8,8,8] --set model.fc=16"
    + " --set optimizer.learning_rate=0.05 --set batch.global=4"

  /// Scores, top-1 and top-5 of ../shared/golden, through the command line.
  @Test(
    .enabled(if: SharedFolder.golden != nil && Python.hasH5py, "needs ../shared/golden and python3 with h5py"),
    arguments: ["vgg16-same", "vgg16-valid"])
  func scoresAndCountsAreThoseOfTheReference(name: String) throws {
    let golden = try #require(SharedFolder.golden) + "/" + name
    try withTool { tool in
      for split in ["train", "val"] {
        let outcome = try tool([
          "predict", "--checkpoint", "\(golden)/init.h5", "--config", "\(golden)/config.yaml", "--data", golden,
          "--split", split, "--logits", "\(split).h5", "--output", "out-\(split)",
        ])
        #expect(outcome.exitCode == 0, "\(outcome)")
      }
      let outcome = try tool([
        "evaluate", "--checkpoint", "\(golden)/init.h5", "--config", "\(golden)/config.yaml", "--data", golden,
        "--json",
        "val.json",
      ])
      #expect(outcome.exitCode == 0, "\(outcome)")
      let script = """
        import csv, h5py, json, numpy, sys
        folder = sys.argv[1]; e = h5py.File("\(golden)/expected.h5")
        for split in ("train", "val"):
            found = h5py.File(f"{folder}/{split}.h5")["logits"]
            assert sorted(found) == sorted(k for k in e["logits"] if k[0] == split[0]), list(found)
            for key in found:
                a, b = found[key][:], e["logits"][key][:]
                assert a.shape == b.shape and abs(a - b).max() <= 1e-4 * abs(b).max(), (key, a, b)
            rows = list(csv.reader(open(f"{folder}/out-{split}/predictions.csv")))
            for row in rows[1:]:
                s = e["logits"][row[0]][:]; p = numpy.exp(s - s.max()); p /= p.sum()
                assert row[1] == f"class {s.argmax()}" and abs(float(row[2]) - p.max()) < 1e-4, row
            assert len(rows) == 1 + len(found)
        j = json.load(open(folder + "/val.json"))
        assert [round(j["images"] * j[k], 9) for k in ("top1", "top5")] == [e["top1"][()], e["top5"][()]], j
        print("ok")
        """
      #expect(try Python.run(script, tool.folder) == "ok\n")
    }
  }

  @Test func aTrainingIsEvaluatedResumedReportedAndPredictedWith() throws {
    try withTool { tool in
      try tool("dataset synthesize --task classification --output data --train 12 --val 6 --height 48 --width 64")
      #expect(try tool("dataset verify data").exitCode == 0)
      #expect(try tool("dataset show data --output data.png").output.contains("person"))
      let training =
        "train --data data --output run\(Self.recipe) --set train.evaluate_every=2 --set train.checkpoint_every=2"
      let first = try tool("\(training) --set train.steps=4")
      #expect(first.exitCode == 0 && first.output.contains("top-1"), "\(first)")
      let second = try tool("\(training) --set train.steps=6 --resume auto")
      #expect(second.exitCode == 0, "\(second)")
      let next = try #require(second.output.split(separator: "\n").first { $0.hasPrefix("next: fcn-dist ") })
      #expect(next.contains("--sheet run/predictions/sheet.png") && !next.contains("--overlay"))
      let lines = try String(contentsOfFile: tool.folder + "/run/metrics.jsonl", encoding: .utf8)
      #expect(lines.contains("\"top1\":") && lines.contains("\"top5\":") && !lines.contains("mean_iou"))
      let report = try tool("report run")
      #expect(report.exitCode == 0, "\(report)")
      let page = try String(contentsOfFile: tool.folder + "/run/report.html", encoding: .utf8)
      #expect(page.contains("best top-1") && page.contains("accuracy of each class"))
      let evaluated = try tool("evaluate --checkpoint run/checkpoints/best.h5 --data data --backend portable")
      #expect(evaluated.output.contains("top-5") && evaluated.output.contains("most often taken for"), "\(evaluated)")
      let predicted = try tool(
        "predict --checkpoint run/checkpoints/best.h5 --data data --sheet sheet.png --backend portable")
      #expect(predicted.exitCode == 0 && predicted.output.contains("five likeliest"), "\(predicted)")
      #expect(FileManager.default.fileExists(atPath: tool.folder + "/sheet.png"))
      #expect(!FileManager.default.fileExists(atPath: tool.folder + "/predictions/scene-00000.png"))
    }
  }

  @Test func whatDoesNotFitIsRefusedWithTheRemedy() throws {
    try withTool { tool in
      try tool("dataset synthesize --task classification --output classes --train 4 --val 2 --height 32 --width 32")
      try tool("dataset synthesize --output pixels --train 4 --val 2 --height 32 --width 32")
      let steps = " --set train.steps=1"
      let segmenting = try tool("train --data classes --output a --backend portable\(steps)")
      #expect(
        segmenting.exitCode == 78 && segmenting.errors.contains("set model.architecture to vgg16"), "\(segmenting)")
      let classifying = try tool("train --data pixels --output b\(Self.recipe)\(steps)")
      #expect(classifying.exitCode == 78 && classifying.errors.contains("fcn32s, fcn16s, fcn8s"), "\(classifying)")
      let small = try tool("train --data classes --output c\(Self.recipe)\(steps) --set model.geometry=valid")
      #expect(small.exitCode != 0 && small.errors.contains("too small"), "\(small)")
      let padded = try tool("train --data classes --output d\(Self.recipe)\(steps) --set model.geometry=padded100")
      #expect(padded.exitCode == 78 && padded.errors.contains("same or valid"), "\(padded)")
      #expect(try tool("train --data classes --output e\(Self.recipe)\(steps)").exitCode == 0)
      let checkpoint = "--checkpoint e/checkpoints/latest.h5 --backend portable"
      #expect(try tool("evaluate \(checkpoint) --data pixels").errors.contains("is for semantic"))
      #expect(try tool("predict \(checkpoint) --data classes --overlay").exitCode == 64)
      #expect(try tool("evaluate --predictions . --data classes").exitCode == 64)
      let baseline = try tool("baseline fit --data classes --split train --output model.h5")
      #expect(baseline.exitCode == 64 && baseline.errors.contains("needs data for semantic"), "\(baseline)")
    }
  }

  /// An FCN takes a classifier's fc6 and fc7, and at one window its coarse scores are the classifier's features.
  @Test func anFCNStartsFromAClassifier() throws {
    try withTool { tool in
      try tool("dataset synthesize --task classification --output classes --train 4 --val 2 --height 64 --width 64")
      try tool("dataset synthesize --output pixels --train 4 --val 2 --height 64 --width 64")
      try tool("train --data classes --output a\(Self.recipe) --set train.steps=2")
      let outcome = try tool(
        "train --data pixels --output b --init a/checkpoints/latest.h5\(Self.recipe) --set model.architecture=fcn32s"
          + " --set train.steps=1")
      #expect(outcome.exitCode == 0, "\(outcome)")
      #expect(outcome.output.contains("fc6, fc7"), "\(outcome.output)")
      #expect(outcome.output.contains("left score_fr"), "\(outcome.output)")
    }
  }

  @Test func foldersOfImagesBecomeADataset() throws {
    try withTool { tool in
      try tool("dataset synthesize --output data --train 2 --val 1 --height 32 --width 32")
      let script = """
        import os, sys
        from PIL import Image
        import numpy
        r = numpy.random.default_rng(1); root = sys.argv[1] + "/source"
        for split, names in (("train", "abc"), ("valid", "ab")):
            for name in names:
                os.makedirs(f"{root}/{split}/{name}", exist_ok=True)
                for i in range(3):
                    p = r.integers(0, 255, (20 + i, 30, 3), dtype=numpy.uint8)
                    image = Image.fromarray(p)
                    if i == 1: image = image.convert("L")
                    if i == 2: image = image.convert("CMYK")
                    image.save(f"{root}/{split}/{name}/{i}.jpg")
        open(root + "/classes.txt", "w").write("a\\tgoldfish, Carassius\\nb bear\\nc,cat\\n")
        print("ok")
        """
      #expect(try Python.run(script, tool.folder) == "ok\n")
      let imported = try tool("dataset import classes source --output imported")
      #expect(imported.exitCode == 0, "\(imported)")
      #expect(imported.output.contains("train: 9 samples, 3 classes, 3 channels"), "\(imported.output)")
      #expect(imported.output.contains("no image of 'cat'"), "\(imported.output)")
      let check = """
        import glob, h5py, sys
        f = h5py.File(glob.glob(sys.argv[1] + "/imported/train-*.h5")[0])
        assert f.attrs["task"] == "classification", dict(f.attrs)
        assert f["labels"].dtype == "uint16" and list(f["labels"]) == [0, 0, 0, 1, 1, 1, 2, 2, 2]
        assert [k.decode() for k in f["keys"]][:3] == ["a-0", "a-1", "a-2"], list(f["keys"])
        assert [n.decode() for n in f["class_names"]] == ["goldfish", "bear", "cat"]
        print("ok")
        """
      #expect(try Python.run(check, tool.folder) == "ok\n")
      try Data([0xFF, 0xD8, 1, 2]).write(to: URL(fileURLWithPath: tool.folder + "/source/train/a/9.jpg"))
      let broken = try tool("dataset import classes source --output again")
      #expect(broken.exitCode == 65 && broken.errors.contains("train/a/9.jpg"), "\(broken)")
      #expect(try tool("dataset import classes data --output none").errors.contains("no class folders"))
    }
  }

  /// What is left out is said, and can be had; names lose their blanks, and are different then.
  @Test func otherFoldersAndBlanksAreSeen() throws {
    try withTool { tool in
      let image = Image(width: 16, height: 16, channels: 3, pixels: (0..<768).map { UInt8($0 % 251) })
      func write(_ folders: String...) throws {
        for folder in folders {
          let path = "\(tool.folder)/\(folder)"
          try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
          try PNG.write(image, to: path + "/a b.png")
        }
      }
      try write("s/trn/cat", "s/trn/ dog", "s/valid/cat", "s/valid/ dog", "s/holdout/cat", "s/holdout/ dog")
      let imported = try tool("dataset import classes s --output d")
      #expect(imported.exitCode == 0, "\(imported)")
      for words in [
        "train: 2 samples, 2 classes", "val: 2 samples, 2 classes", "holdout in s has pictures too and is not imported",
        "the folder 'trn' is imported as split 'train'",
      ] { #expect(imported.output.contains(words), "\(words): \(imported)") }
      #expect(!imported.output.contains("' dog'"))
      let other = try tool("dataset import classes s --output d --split holdout")
      #expect(other.exitCode == 0 && other.output.contains("holdout: 2 samples"), "\(other)")
      #expect(try tool("dataset show d").output.contains("1  cat"))
      // Nothing is written where a class would be two.
      try write("t/cat", "t/cat ")
      let equal = try tool("dataset import classes t --output e")
      #expect(equal.exitCode == 65 && equal.errors.contains("called 'cat' but for blanks"), "\(equal)")
      #expect(!FileManager.default.fileExists(atPath: tool.folder + "/e"))
      try write("u/n1", "u/n2")
      try Data("n1 pet\nn2 pet\n".utf8).write(to: URL(fileURLWithPath: tool.folder + "/u/classes.txt"))
      let titles = try tool("dataset import classes u --output f")
      #expect(titles.output.contains("classes.txt is not used: it does not tell the classes apart"), "\(titles)")
    }
  }
}
