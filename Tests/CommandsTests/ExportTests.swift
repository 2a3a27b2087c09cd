import Foundation
import TestSupport
import Testing

/// What other tools read of a checkpoint.
@Suite(.serialized) struct ExportTests {
  /// Trains a narrow net for two steps.
  private func withTrained(
    _ architecture: String, _ geometry: String, _ body: (Tool, String) throws -> Void
  ) throws {
    try withTool { tool in
      try tool("dataset synthesize --output data --train 4 --val 1 --height 70 --width 90")
      try tool(
        "train --data data --output run --threads 1 --backend portable --set model.architecture=\(architecture)"
          + " --set model.geometry=\(geometry) --set model.widths=[4,4,8,8,8] --set model.fc=16"
          + " --set model.skip_scale.pool4=0.5 --set train.steps=2 --set train.evaluate_every=0"
          + " --set optimizer.learning_rate=0.05")
      try body(tool, "run/checkpoints/latest.h5")
    }
  }

  /// Out, and in again by the readers of other tools' files: the same numbers under the same names.
  @Test(.enabled(if: Python.hasH5py, "needs python3 with h5py"), arguments: ["onnx", "safetensors"])
  func whatIsWrittenIsReadAgain(ending: String) throws {
    try withTrained("fcn8s", "same") { tool, checkpoint in
      try tool("checkpoint export \(checkpoint) net.\(ending)")
      #expect(try tool("checkpoint export \(checkpoint) net.\(ending)").exitCode == 73)
      try tool("checkpoint export \(checkpoint) plain.h5")
      #expect(try tool("checkpoint import net.\(ending) again.h5").output.contains("wrote 39 tensors"))
      let script = """
        import h5py, sys, numpy
        a, b = (h5py.File(sys.argv[1] + name)["model/parameters"] for name in ("/plain.h5", "/again.h5"))
        assert sorted(a) == sorted(b)
        for layer in a:
            for kind in a[layer]:
                assert (a[layer][kind][:] == b[layer][kind][:]).all(), (layer, kind)
        print("ok")
        """
      #expect(try Python.run(script, tool.folder) == "ok\n")
    }
  }

  @Test(.enabled(if: Python.hasH5py, "needs python3 with NumPy"))
  func safetensorsHoldWhatTheFormatSays() throws {
    try withTrained("fcn16s", "same") { tool, checkpoint in
      try tool("checkpoint export \(checkpoint) net.safetensors")
      let script = """
        import h5py, json, numpy, struct, sys
        data = open(sys.argv[1] + "/net.safetensors", "rb").read()
        n = struct.unpack("<Q", data[:8])[0]; table = json.loads(data[8:8 + n]); meta = table.pop("__metadata__")
        assert meta["format"] == "pt" and meta["channels"] == "rgb" and meta["architecture"] == "fcn16s", meta
        assert (8 + n) % 8 == 0
        p = h5py.File(sys.argv[1] + "/\(checkpoint)")["model/parameters"]
        for name, t in table.items():
            a, b = t["data_offsets"]; v = numpy.frombuffer(data[8 + n + a:8 + n + b], "<f4").reshape(t["shape"])
            assert (v == p[name.replace(".", "/")][:]).all(), name
        assert len(table) == sum(len(p[l]) for l in p)
        print("ok")
        """
      #expect(try Python.run(script, tool.folder) == "ok\n")
    }
  }

  @Test(
    .enabled(if: Python.hasONNXRuntime, "needs python3 with onnx, onnxruntime and h5py"),
    arguments: ["fcn32s", "fcn16s", "fcn8s"], ["same", "padded100"])
  func onnxRuntimeComputesTheSameLogits(architecture: String, geometry: String) throws {
    try withTrained(architecture, geometry) { tool, checkpoint in
      try tool("checkpoint export \(checkpoint) net.onnx")
      try tool("checkpoint export \(checkpoint) labels.onnx --labels")
      try tool("predict --checkpoint \(checkpoint) --data data --split val --logits logits.h5 --backend portable")
      let script = """
        import glob, h5py, numpy, onnx, onnxruntime, sys
        folder = sys.argv[1]
        onnx.checker.check_model(onnx.load(folder + "/net.onnx"), full_check=True)
        images = h5py.File(glob.glob(folder + "/data/val*.h5")[0])["images"]; key = list(images)[0]
        x = images[key][:].astype(numpy.float32).transpose(2, 0, 1)[None]
        logits, labels = (onnxruntime.InferenceSession(folder + "/" + n, providers=["CPUExecutionProvider"])
                          .run(None, {"image": x})[0] for n in ("net.onnx", "labels.onnx"))
        expected = h5py.File(folder + "/logits.h5")["logits"][key][:]
        assert abs(logits[0] - expected).max() <= 1e-4 * abs(expected).max()
        assert (labels[0] == logits[0].argmax(0)).all()
        print("ok")
        """
      #expect(try Python.run(script, tool.folder) == "ok\n")
    }
  }

  /// A classifier has one score a class, not a map of them.
  @Test(
    .enabled(if: Python.hasONNXRuntime, "needs python3 with onnx, onnxruntime and h5py"),
    arguments: [("same", 70, 90), ("valid", 224, 224)])
  func onnxRuntimeComputesAClassifiersScores(geometry: String, height: Int, width: Int) throws {
    try withTool { tool in
      try tool(
        "dataset synthesize --task classification --output data --train 4 --val 2 --height \(height) --width \(width)")
      try tool(
        "train --data data --output run --threads 1 --backend portable --set model.architecture=vgg16"
          + " --set model.geometry=\(geometry) --set model.widths=[4,4,8,8,8] --set model.fc=16"
          + " --set train.steps=2 --set train.evaluate_every=0 --set batch.global=2 --set optimizer.learning_rate=0.05")
      let checkpoint = "run/checkpoints/latest.h5"
      try tool("checkpoint export \(checkpoint) net.onnx")
      try tool("checkpoint export \(checkpoint) labels.onnx --labels")
      try tool("predict --checkpoint \(checkpoint) --data data --split val --logits logits.h5 --backend portable")
      let script = """
        import glob, h5py, numpy, onnx, onnxruntime, sys
        folder = sys.argv[1]
        for name in ("net", "labels"): onnx.checker.check_model(onnx.load(f"{folder}/{name}.onnx"), full_check=True)
        images = h5py.File(glob.glob(folder + "/data/val*.h5")[0])["images"]
        net, labels = (onnxruntime.InferenceSession(f"{folder}/{n}.onnx", providers=["CPUExecutionProvider"])
                       for n in ("net", "labels"))
        for key in images:
            x = images[key][:].astype(numpy.float32).transpose(2, 0, 1)[None]
            scores, best = (s.run(None, {"image": x})[0] for s in (net, labels))
            expected = h5py.File(folder + "/logits.h5")["logits"][key][:]
            assert scores.shape == (1, len(expected)) and best.shape == (1,), (scores.shape, best.shape)
            assert abs(scores[0] - expected).max() <= 1e-4 * abs(expected).max()
            assert best[0] == scores[0].argmax()
        print("ok")
        """
      #expect(try Python.run(script, tool.folder) == "ok\n")
    }
  }

  /// Of Mask R-CNN the backbone with its feature pyramid, against its arithmetic in NumPy.
  @Test(
    .enabled(if: Python.hasONNXRuntime, "needs python3 with onnx, onnxruntime and h5py"),
    arguments: ["vgg16", "resnet50"])
  func onnxRuntimeComputesTheFeaturePyramid(backbone: String) throws {
    try withTool { tool in
      try tool("dataset synthesize --task instances --output data --train 4 --val 2 --height 64 --width 96")
      try tool(
        "train --data data --output run --threads 1 --backend portable --set train.steps=2 --set train.evaluate_every=0"
          + MaskRCNNCommandTests.network + " --set model.backbone=\(backbone)")
      try tool("checkpoint export run/checkpoints/latest.h5 net.onnx")
      let script = """
        import h5py, numpy as np, onnx, onnxruntime, sys
        folder = sys.argv[1]
        onnx.checker.check_model(onnx.load(folder + "/net.onnx"), full_check=True)
        f = h5py.File(folder + "/run/checkpoints/latest.h5"); p = f["model/parameters"]
        def conv(x, name, relu=False):
            w, b = p[name]["weight"][:].astype(float), p[name]["bias"][:].astype(float); r = w.shape[2] // 2
            x = np.pad(x, ((0, 0), (r, r), (r, r)))
            windows = np.lib.stride_tricks.sliding_window_view(x, w.shape[2:], axis=(1, 2))
            y = np.einsum("chwij,ocij->ohw", windows, w) + b[:, None, None]
            return np.maximum(y, 0) if relu else y
        def pool(x): return x.reshape(len(x), x.shape[1] // 2, 2, x.shape[2] // 2, 2).max((2, 4))
        x = np.random.RandomState(1).randint(0, 256, (3, 96, 64)).astype(float); session = onnxruntime.InferenceSession(
            folder + "/net.onnx", providers=["CPUExecutionProvider"])
        names = [o.name for o in session.get_outputs()]; assert names == ["p2", "p3", "p4", "p5", "p6"], names
        got = session.run(None, {"image": np.stack([x, x[:, ::-1]]).astype(np.float32)})
        mean, std = (f["model"][k][:].astype(float).reshape(-1, 1, 1) for k in ("mean", "std"))
        y = (x - mean) / std; taps = []
        def vgg(y):
            for block, count in enumerate([2, 2, 3, 3, 3]):
                for i in range(count): y = conv(y, f"conv{block + 1}_{i + 1}", True)
                if block >= 2: taps.append(y)
                y = pool(y)
            taps.append(y)
        def norm(x, name, after, stride=1, relu=True):
            w, v = p[name]["weight"][:].astype(float), {k: p[after][k][:].astype(float)[:, None, None] for k in p[after]}
            r = w.shape[2] // 2; x = np.pad(x, ((0, 0), (r, r), (r, r)))
            windows = np.lib.stride_tricks.sliding_window_view(x, w.shape[2:], axis=(1, 2))[:, ::stride, ::stride]
            y = np.einsum("chwij,ocij->ohw", windows, w)
            y = (y - v["running_mean"]) / np.sqrt(v["running_var"] + 1e-5) * v["weight"] + v["bias"]
            return np.maximum(y, 0) if relu else y
        def resnet(y):
            y = np.pad(norm(y, "conv1", "bn1", 2), ((0, 0), (1, 1), (1, 1)), constant_values=-np.inf)
            y = np.lib.stride_tricks.sliding_window_view(y, (3, 3), axis=(1, 2))[:, ::2, ::2].max((3, 4))
            for stage, count in enumerate([3, 4, 6, 3]):
                for block in range(count):
                    n = f"layer{stage + 1}.{block}"; s = 2 if stage and not block else 1
                    z = norm(norm(y, n + ".conv1", n + ".bn1"), n + ".conv2", n + ".bn2", s)
                    z = norm(z, n + ".conv3", n + ".bn3", relu=False)
                    if not block: y = norm(y, n + ".downsample.0", n + ".downsample.1", s, False)
                    y = np.maximum(y + z, 0)
                taps.append(y)
        {"vgg16": vgg, "resnet50": resnet}[sys.argv[2]](y); inner = None; levels = []
        for level in (5, 4, 3, 2):
            own = conv(taps[level - 2], f"fpn_inner{level}")
            inner = own if inner is None else own + inner.repeat(2, 1).repeat(2, 2)
            levels.insert(0, conv(inner, f"fpn_layer{level}"))
        levels.append(levels[-1][:, ::2, ::2])
        for a, b in zip(got, levels):
            assert a.shape[1:] == b.shape and abs(a[0] - b).max() <= 1e-4 * abs(b).max(), (a.shape, b.shape)
        print("ok")
        """
      #expect(try Python.run(script, tool.folder, backbone) == "ok\n")
    }
  }

  @Test func wrongNamesAndFilesAreSaid() throws {
    try withTrained("fcn32s", "same") { tool, checkpoint in
      #expect(try tool("checkpoint export \(checkpoint) net.pth").exitCode == 64)
      #expect(try tool("checkpoint export \(checkpoint) net.h5 --labels").exitCode == 64)
      try tool("checkpoint export \(checkpoint) plain.h5")
      let outcome = try tool("checkpoint export plain.h5 net.onnx")
      #expect(outcome.exitCode == 65 && outcome.errors.contains("does not say of which network"), "\(outcome)")
    }
  }
}
