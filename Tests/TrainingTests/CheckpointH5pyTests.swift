import Basics
import Checkpoints
import Foundation
import Storage
import TestSupport
import Testing

/// Checkpoints seen by an independent reader and writer. Skipped where python3 or h5py is missing.
@Suite(.enabled(if: Python.hasH5py, "python3 with h5py is not installed")) struct CheckpointH5pyTests {
  let folder = TemporaryFolder()

  @Test func h5pyFindsWhatTheFormatPromises() throws {
    let path = folder.file("a.h5")
    try CheckpointWriter.write(CheckpointFixture.state(), to: path)
    try Python.run(
      """
      import h5py, numpy, sys
      table = []
      for n in range(256):
        c = n
        for _ in range(8): c = (c >> 1) ^ (0x82F63B78 if c & 1 else 0)
        table.append(c)
      def crc32c(data):
        c = 0xFFFFFFFF
        for b in data: c = (c >> 8) ^ table[(c ^ b) & 255]
        return c ^ 0xFFFFFFFF
      f = h5py.File(sys.argv[1], "r")
      r = f.attrs
      assert r["format"] == "fcn-dist-checkpoint" and r["version"] == 1 and r["step"] == 1200
      assert r["version"].dtype == numpy.int64 and r["tool_version"] == "0.1.0"
      m = f["model"].attrs
      assert m["architecture"] == "fcn8s" and m["geometry"] == "same" and m["upsampling"] == "learned"
      assert m["classes"] == 2 and m["channels"] == 3 and m["fc"] == 64 and m["ignore_label"] == 255
      assert m["widths"].tolist() == [4, 8, 16, 16, 16]
      assert list(f["model/class_names"].asstr()[:]) == ["Straße", "tree"]
      assert f["model/palette"].shape == (256, 3) and f["model/palette"].dtype == numpy.uint8
      assert f["model/mean"][:].tolist() == [1, 2, 3.5] and f["model/std"][:].tolist() == [4, 5, 6]
      assert f["optimizer"].attrs["name"] == "sgd"
      t = f["training"].attrs
      assert t["step"] == 1200 and t["epoch"] == 3 and t["seed"] == 2**64 - 6 and t["samples_seen"] == 4800
      assert t["best_metric"] == 0.625 and t["best_step"] == 800 and t["schedule_waited"] == 1.5
      assert f["training/config"].asstr()[()].endswith("# größer\\n")
      assert f["training/history/steps/step"][:].tolist() == list(range(1, 1201))
      assert f["training/history/evaluations/mean_iou"][:].tolist() == [0.5, 0.625]
      fc6 = f["model/parameters/fc6/weight"]
      assert fc6.shape == (64, 16, 7, 7) and fc6.dtype == numpy.float32
      assert f["optimizer/momentum/fc6/weight"].shape == fc6.shape
      datasets = []
      f.visititems(lambda name, o: datasets.append(o) if isinstance(o, h5py.Dataset) else None)
      assert len(datasets) == 4 + 8 + 1 + 4
      for d in datasets:
        assert d.attrs["crc32c"].dtype == numpy.uint32, d.name
        if d.nbytes >= 65536: assert d.fletcher32 and d.chunks, d.name
        if d.nbytes < 70000: assert crc32c(d[()].tobytes()) == d.attrs["crc32c"], d.name
      """, path)
  }

  @Test func theDigestIsWhatItsDescriptionSays() throws {
    let path = folder.file("a.h5")
    let state = CheckpointFixture.state()
    try CheckpointWriter.write(state, to: path)
    let output = try Python.run(
      """
      import h5py, hashlib, struct, sys
      f = h5py.File(sys.argv[1], "r")
      h = hashlib.sha256()
      u = lambda v: h.update(struct.pack("<Q", int(v)))
      def text(s): b = s.encode(); u(len(b)); h.update(b)
      def tensors(g):
        names = []
        g.visititems(lambda n, o: names.append(n) if isinstance(o, h5py.Dataset) else None)
        u(len(names))
        for n in sorted(names, key=str.encode):
          text(n); u(g[n].ndim); [u(e) for e in g[n].shape]; h.update(g[n][()].astype("<f4").tobytes())
      text("fcn-dist-digest-1")
      tensors(f["model/parameters"])
      u(len(f["optimizer"]))
      for s in sorted(f["optimizer"], key=str.encode): text(s); tensors(f["optimizer"][s])
      t = f["training"].attrs
      u(t["step"]); u(t["seed"]); u(t["samples_seen"])
      schedule = sorted(k[9:] for k in t if k.startswith("schedule_"))
      u(len(schedule))
      for k in schedule: text(k); h.update(struct.pack("<d", t["schedule_" + k]))
      u(1); h.update(struct.pack("<d", t["best_metric"])); u(1); u(t["best_step"])
      print(h.hexdigest())
      """, path)
    #expect(output.trimmingCharacters(in: .whitespacesAndNewlines) == (try state.digest()))
    #expect(try CheckpointReader(path).state.digest() == state.digest())
  }

  @Test func parametersOfOtherToolsAreRead() throws {
    let path = folder.file("parameters.h5")
    try Python.run(
      """
      import h5py, numpy, sys
      with h5py.File(sys.argv[1], "w") as f:
        g = f.create_group("model/parameters")
        g["conv1_1/weight"] = numpy.arange(6, dtype="f8").reshape(2, 3)
        g.create_dataset("conv1_1/bias", data=numpy.ones(50000, "f4"), compression="gzip")
        g["fc6/weight"] = numpy.float32(2)
      """, path)
    let file = try ParameterFile(path)
    #expect(file.model == nil)
    let parameters = try file.dictionary()
    #expect(parameters["conv1_1/weight"]?.shape == [2, 3])
    #expect(parameters["conv1_1/weight"]?.values == [0, 1, 2, 3, 4, 5])
    #expect(parameters["conv1_1/bias"]?.values == [Float](repeating: 1, count: 50000))
    #expect(parameters["fc6/weight"]?.shape == [])
    #expect(parameters["fc6/weight"]?.values == [2])
    let failure = #expect(throws: Failure.self) { try CheckpointReader(path) }
    #expect(failure?.message.contains("is not a checkpoint of fcn-dist") == true)
  }

  @Test func aCheckpointOfAnotherToolNeedsNoChecksums() throws {
    let path = folder.file("foreign.h5")
    try CheckpointWriter.write(CheckpointFixture.state(), to: folder.file("a.h5"))
    try Python.run(
      """
      import h5py, sys
      with h5py.File(sys.argv[1], "r") as a, h5py.File(sys.argv[2], "w") as b:
        def copy(name, o):
          target = b.require_group(name) if isinstance(o, h5py.Group) else b.create_dataset(name, data=o[()])
          for k, v in o.attrs.items():
            if k not in ("crc32c", "PALETTE"): target.attrs[k] = v
        a.visititems(copy)
        for k, v in a.attrs.items(): b.attrs[k] = v
      """, folder.file("a.h5"), path)
    let reader = try CheckpointReader(path)
    try reader.verify()
    #expect(try reader.state.digest() == CheckpointFixture.state().digest())
    #expect(reader.state.model == CheckpointFixture.model)
  }

  @Test func whatIsNoParameterIsNamed() throws {
    let path = folder.file("bad.h5")
    try Python.run(
      """
      import h5py, numpy, sys
      with h5py.File(sys.argv[1], "w") as f: f["model/parameters/conv1_1/weight"] = ["text"]
      with h5py.File(sys.argv[2], "w") as f: f["weights"] = numpy.ones(3)
      """, path, folder.file("none.h5"))
    let text = #expect(throws: Failure.self) { try ParameterFile(path) }
    #expect(
      text?.message == "\(path): /model/parameters/conv1_1/weight holds string values, a parameter is floating point")
    let none = #expect(throws: Failure.self) { try ParameterFile(folder.file("none.h5")) }
    #expect(none?.kind == .badData && none?.message.contains("has no group /model/parameters") == true)
    #expect(#expect(throws: Failure.self) { try ParameterFile(folder.file("no.h5")) }?.kind == .missingInput)
  }

  @Test(.enabled(if: SharedFolder.golden != nil, "needs ../shared/golden"))
  func goldenParametersAreRead() throws {
    let file = try ParameterFile(#require(SharedFolder.golden) + "/fcn8s-published/init.h5")
    #expect(file.parameters.contains { $0.name == "score_pool4/weight" && $0.shape == [21, 16, 1, 1] })
    #expect(try file.dictionary().count == file.parameters.count)
  }
}
