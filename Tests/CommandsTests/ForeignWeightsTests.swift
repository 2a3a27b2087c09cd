import Foundation
import TestSupport
import Testing

/// `checkpoint import` and what is done with its file, as people type it.
@Suite struct ForeignWeightsTests {
  /// A tiny VGG16 under torchvision's names.
  private func writeWeights(_ path: String) throws {
    try Python.run(
      """
      import sys
      sys.path.insert(0, sys.argv[2])
      import foreign_weights
      foreign_weights.safetensors(sys.argv[1])
      """, path, TestedPackage.folder + "/fuzz")
  }

  private func write(_ text: String, _ path: String) throws {
    try text.write(toFile: path, atomically: true, encoding: .utf8)
  }

  @Test(.enabled(if: Python.hasH5py, "needs python3 with NumPy and h5py")) func mapsOfOtherEditorsAreTaken() throws {
    try withTool { tool in
      try writeWeights("\(tool.folder)/vgg.safetensors")
      // Windows' editors begin a text with a byte order mark and end its lines with two characters.
      try write("\u{FEFF}features.0.weight conv1_1/weight\r\n# a comment\r\n", "\(tool.folder)/map.txt")
      let imported = try tool("checkpoint import vgg.safetensors vgg.h5 --map map.txt")
      #expect(imported.exitCode == 0 && imported.output.contains("wrote 32 tensors"), "\(imported)")
    }
  }

  /// The network of torchvision, with random weights, gives its outputs.
  @Test(
    .enabled(if: Python.hasTorchvision, "needs python3 with torchvision, safetensors, h5py and Pillow"),
    arguments: ["pth", "safetensors"])
  func torchvisionsVGG16(format: String) throws {
    try withTool { tool in
      try Python.run(
        """
        import sys, os, torch, torchvision, numpy, safetensors.torch
        from PIL import Image
        os.chdir(sys.argv[1])
        torch.manual_seed(5)
        net = torchvision.models.vgg16().eval()
        if sys.argv[2] == "pth": torch.save(net.state_dict(), "vgg.pth")
        else: safetensors.torch.save_file(net.state_dict(), "vgg.safetensors")
        pixels = numpy.random.default_rng(1).integers(0, 256, (224, 224, 3), dtype=numpy.uint8)
        Image.fromarray(pixels).save("x.png")
        mean = torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1)
        std = torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1)
        image = torch.from_numpy(pixels).permute(2, 0, 1)[None].float() / 255
        with torch.no_grad(): numpy.save("scores.npy", net((image - mean) / std).numpy()[0])
        """, tool.folder, format)
      try write("model: {architecture: vgg16, geometry: valid, classes: 1000}\n", "\(tool.folder)/c.yaml")
      let imported = try tool("checkpoint import vgg.\(format) vgg.h5")
      #expect(imported.exitCode == 0 && imported.output.contains("wrote 32 tensors"), "\(imported)")
      let predicted = try tool("predict --config c.yaml --checkpoint vgg.h5 --logits l.h5 x.png")
      #expect(predicted.exitCode == 0, "\(predicted)")
      let worst = try Python.run(
        """
        import sys, os, h5py, numpy
        os.chdir(sys.argv[1])
        found, scores = h5py.File("l.h5")["logits/x"][()].ravel(), numpy.load("scores.npy")
        print(abs(found - scores).max() / abs(scores).max())
        """, tool.folder)
      #expect(try #require(Double(worst.trimmingCharacters(in: .whitespacesAndNewlines))) <= 1e-4)
    }
  }
}
