import Foundation
import TestSupport
import Testing

/// torchvision's Mask R-CNN through `checkpoint import`: the same detections and the same training.
@Suite(.serialized, .enabled(if: Python.hasDetectors, "needs python3 with torch, torchvision, h5py and Pillow"))
struct ForeignDetectorTests {
  /// What torchvision does, in float64: fuzz/foreign_maskrcnn.py says which files it writes.
  private func writeReference(_ backbone: String, _ tool: Tool) throws {
    try Python.run(
      "import runpy, sys; sys.argv = sys.argv[1:]; runpy.run_path(sys.argv[0], run_name='__main__')",
      TestedPackage.folder + "/fuzz/foreign_maskrcnn.py", tool.folder, backbone)
    for (split, file) in [("train", "first"), ("val", "annotations")] {
      let imported = try tool("dataset import coco images --annotations \(file).json --output data --split \(split)")
      try #require(imported.exitCode == 0, "\(imported)")
    }
  }

  @Test(arguments: ["resnet50", "vgg16"], ["portable", "onednn"])
  func findsAndTrainsTheSame(backbone: String, backend: String) throws {
    try withTool { tool in
      try writeReference(backbone, tool)
      let imported = try tool("checkpoint import weights.pth weights.h5")
      #expect(imported.exitCode == 0 && imported.output.contains("RGB (as torchvision's models)"), "\(imported)")
      let predicted = try tool(
        "predict --config config.yaml --checkpoint weights.h5 --data data --split val --json found-here.json --score 0"
          + " --backend \(backend)")
      if backend == "onednn" && predicted.errors.contains("oneDNN backend cannot be used") { return }
      #expect(predicted.exitCode == 0, "\(predicted)")
      let trained = try tool(
        "train --config config.yaml --data data --init weights.h5 --output run --backend \(backend) --threads 2")
      #expect(trained.exitCode == 0, "\(trained)")
      #expect(try Python.run(Self.comparison, TestedPackage.folder + "/fuzz", tool.folder, backbone) == "ok\n")
    }
  }

  private static let comparison = """
    import os, sys
    sys.path.insert(0, sys.argv[1]); os.chdir(sys.argv[2])
    import compare_maskrcnn
    compare_maskrcnn.detections("found.json", "found-here.json")
    compare_maskrcnn.steps("steps.npz", "run", "weights.h5", sys.argv[3])
    print("ok")
    """

  /// Every file format, the older names, and wrapped names give the same parameters.
  @Test func allFormatsAndNamesGiveTheSame() throws {
    try withTool { tool in
      try writeReference("resnet50", tool)
      try Python.run(
        """
        import os, sys, torch
        os.chdir(sys.argv[1])
        state = torch.load("weights.pth")
        torch.save({"module." + k: v for k, v in state.items()}, "wrapped.pth")
        body = {k.removeprefix("backbone.body."): v for k, v in state.items() if k.startswith("backbone.body.")}
        counts = {k.replace("running_var", "num_batches_tracked"): torch.tensor(7) for k in body if "running_var" in k}
        torch.save({**body, **counts, "fc.weight": torch.ones(10, 40), "fc.bias": torch.ones(10)}, "imagenet.pth")
        torch.save({k: v for k, v in state.items() if k != "backbone.body.layer2.1.bn2.running_mean"}, "half.pth")
        body["backbone.fpn.inner_blocks.9223372036854775807.0.weight"] = torch.ones(1)
        body["roi_heads.mask_head.mask_fcn9223372036854775807.weight"] = torch.ones(1)
        torch.save(body, "large.pth")
        state["backbone.body.bn1.running_var"][3] = 0
        torch.save(state, "zero.pth")
        state["backbone.body.bn1.running_var"][3] = -0.5
        torch.save(state, "negative.pth")
        """, tool.folder)
      for file in ["weights.pth", "weights.safetensors", "old.pth", "wrapped.pth"] {
        let imported = try tool("checkpoint import \(file) \(file).h5")
        #expect(imported.exitCode == 0, "\(imported)")
      }
      let same = try Python.run(
        """
        import os, sys
        sys.path.insert(0, sys.argv[1]); os.chdir(sys.argv[2])
        import compare_maskrcnn
        first, *others = (compare_maskrcnn.tensors(name + ".h5") for name in sys.argv[3:])
        assert len(first) == 307, len(first)
        for other in others:
            assert first.keys() == other.keys() and all((first[key] == other[key]).all() for key in first)
        print("same")
        """, TestedPackage.folder + "/fuzz", tool.folder, "weights.pth", "weights.safetensors", "old.pth", "wrapped.pth"
      )
      #expect(same == "same\n")
      let plain = try tool("checkpoint import imagenet.pth imagenet.h5")
      #expect(plain.exitCode == 0 && plain.output.contains("ImageNet's classes, which no detector has"), "\(plain)")
      #expect(plain.output.contains("wrote \(53 * 5) tensors"), "\(plain)")
      let half = try tool("checkpoint import half.pth half.h5")
      #expect(half.exitCode == 0 && half.output.contains("layer2.1.bn2 has no running_mean"), "\(half)")
      let negative = try tool("checkpoint import negative.pth negative.h5")
      #expect(negative.exitCode == 65 && negative.errors.contains("variance of -0.5"), "\(negative)")
      let large = try tool("checkpoint import large.pth large.h5")
      #expect(large.exitCode == 0 && large.output.contains("no layer of Mask R-CNN is called so"), "\(large)")
      let zero = try tool("checkpoint import zero.pth zero.h5")
      #expect(zero.exitCode == 0, "\(zero)")
      let divided = try tool(
        "predict --config config.yaml --checkpoint zero.h5 --data data --split val --backend portable"
          + " --set model.batch_norm_epsilon=0")
      #expect(
        divided.exitCode == 65 && divided.errors.contains("bn1/running_var is a variance of 0.0")
          && divided.errors.contains("set model.batch_norm_epsilon to 1e-5"), "\(divided)")
      let training = try tool(
        "train --config config.yaml --data data --init imagenet.h5 --output run --backend portable")
      #expect(training.exitCode == 0 && training.output.contains("left fpn_inner5"), "\(training)")
      // What fcn-dist exports, it takes back.
      let exported = try tool("checkpoint export run/checkpoints/latest.h5 own.safetensors")
      let back = try tool("checkpoint import own.safetensors own.h5")
      #expect(exported.exitCode == 0 && back.output.contains("wrote 307 tensors"), "\(back)")
    }
  }
}
