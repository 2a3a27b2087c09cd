import Foundation
import TestSupport
import Testing

/// Pictures that want more memory than there is: every command names size and remedy before it takes any.
@Suite struct LargeImageTests {
  /// In width 256, 512 images at once want more than any machine has.
  private static let model =
    "--set model.architecture=fcn32s --set model.widths=[256,4,4,4,4] --set model.fc=4 --set batch.global=512 "
    + "--set batch.micro=512"

  private static let isSmallMachine = ProcessInfo.processInfo.physicalMemory < 48 << 30

  private func expect(
    _ outcome: Tool.Outcome, _ code: Int32, _ words: String..., location: SourceLocation = #_sourceLocation
  ) {
    #expect(outcome.exitCode == code, "\(outcome)", sourceLocation: location)
    for word in words {
      #expect((outcome.errors + outcome.output).contains(word), "\(word): \(outcome)", sourceLocation: location)
    }
    #expect(!(outcome.errors + outcome.output).contains("cannot get"), "\(outcome)", sourceLocation: location)
  }

  @Test func doctorAndTrainNameTheSizeAndTheCrop() throws {
    try withTool { tool in
      try tool("dataset synthesize --output data --train 1 --val 1 --height 2100 --width 2100")
      for command in ["doctor", "train --output run"] {
        let line = "\(command) --backend portable --data data \(Self.model)"
        expect(
          try tool(line), command == "doctor" ? 70 : 78, "training on images of 2100 x 2100 pixels takes ",
          "data.augment.crop=")
        // A crop is no help to what is evaluated whole.
        expect(
          try tool("\(line) --set data.augment.crop=[32,32]"), command == "doctor" ? 70 : 78,
          "evaluating images of 2100 x 2100 pixels takes ", "tiles")
      }
      let doctor = try tool(
        "doctor --backend portable --data data \(Self.model) --set data.augment.crop=[32,32] "
          + "--set train.evaluate_every=never --set batch.global=1 --set batch.micro=1")
      expect(doctor, 0, "0 errors")
    }
  }

  /// One step of a net whose first layer is wide.
  private static let wide =
    "--backend portable --output run --set model.widths=[512,4,4,4,4] --set model.fc=4 --set train.steps=1 "
    + "--set train.evaluate_every=never"

  /// A class is one for the whole image: tiles are no way out.
  @Test(.enabled(if: isSmallMachine, "the machine has the memory")) func classifiersNameSmallerImages() throws {
    try withTool { tool in
      let synthesize = "dataset synthesize --task classification"
      try tool("\(synthesize) --output small --train 2 --val 1 --height 32 --width 32")
      let trained = try tool(
        "train --data small --set model.architecture=vgg16 \(Self.wide)")
      #expect(trained.exitCode == 0, "\(trained)")
      try tool("\(synthesize) --output data --train 1 --val 1 --height 4000 --width 4096")
      let checkpoint = "--checkpoint run/checkpoints/latest.h5 --backend portable --data data"
      for command in ["evaluate", "predict"] {
        let outcome = try tool("\(command) \(checkpoint)")
        expect(outcome, 78, "4000 x 4096 pixels", "make the images smaller")
        #expect(!outcome.errors.contains("--tile"), "\(outcome)")
      }
    }
  }

  @Test(.enabled(if: isSmallMachine, "the machine has the memory")) func predictAndEvaluateNameTiles() throws {
    try withTool { tool in
      try tool("dataset synthesize --output small --train 1 --val 1 --height 32 --width 32")
      let trained = try tool(
        "train --data small --set model.architecture=fcn32s \(Self.wide)")
      #expect(trained.exitCode == 0, "\(trained)")
      // 62 GiB for the first layer's two results.
      try tool("dataset synthesize --output data --train 1 --val 1 --height 4000 --width 4096")
      let checkpoint = "--checkpoint run/checkpoints/latest.h5 --backend portable --data data"
      expect(
        try tool("evaluate \(checkpoint)"), 78, "evaluating images of 4000 x 4096 pixels takes ",
        "in overlapping tiles: --tile")
      expect(try tool("predict \(checkpoint)"), 78, "4000 x 4096 pixels at once, takes ", "--tile 1024")
    }
  }
}
