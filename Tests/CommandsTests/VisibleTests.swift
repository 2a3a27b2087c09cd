import Foundation
import ImageFiles
import TestSupport
import Testing

/// `data.visible`: trained on one part of the images, evaluated on another.
@Suite struct VisibleTests {
  private static let background = "--set data.background=[sky,grass,road,building,tree]"

  private static func meanIoU(_ tool: Tool, _ file: String) throws -> Double {
    let data = try Data(contentsOf: URL(fileURLWithPath: "\(tool.folder)/\(file)"))
    return ((try JSONSerialization.jsonObject(with: data) as? [String: Any])?["loss"] as? Double) ?? -1
  }

  @Test func trainedOnOneAndEvaluatedOnAnother() throws {
    try withTool { tool in
      try tool("dataset synthesize --output data --train 4 --val 3 --height 48 --width 64")
      let smoke = "\(TestedPackage.folder)/configs/smoke.yaml"
      let train = "train --config \(smoke) --data data --set train.steps=2"
      let unclear = try tool("\(train) --output no --set data.visible=foreground")
      #expect(unclear.exitCode == 78 && unclear.errors.contains("no class is called so"), "\(unclear)")
      let trained = try tool("\(train) --output run --set data.visible=foreground \(Self.background)")
      #expect(trained.exitCode == 0, "\(trained)")
      let kept = try String(contentsOfFile: "\(tool.folder)/run/config.yaml", encoding: .utf8)
      #expect(kept.contains("visible: foreground") && kept.contains("background: [sky, building, tree, grass, road]"))
      // What the checkpoint was trained on is what it is evaluated on, unless told otherwise.
      var losses: [Double] = []
      for part in ["", "foreground", "background", "shape", "image"] {
        let set = part.isEmpty ? "" : " --set data.visible=\(part)"
        let scored = try tool("evaluate --checkpoint run/checkpoints/latest.h5 --data data --json a.json\(set)")
        #expect(scored.exitCode == 0, "\(scored)")
        losses.append(try Self.meanIoU(tool, "a.json"))
      }
      #expect(losses[0] == losses[1] && Set(losses).count == 4, "\(losses)")
      // Its pictures show what it saw: hidden pixels are all of one colour.
      let predicted = try tool(
        "predict --checkpoint run/checkpoints/latest.h5 --data data --sheet sheet.png --count 1 --overlay --output p")
      #expect(predicted.exitCode == 0, "\(predicted)")
      let files = try PNG.read("\(tool.folder)/sheet.png")
      #expect(files.width > 300)
      // A photograph has no labels to tell its parts by.
      let photo = "\(tool.folder)/photo.png"
      try PNG.write(Image(width: 64, height: 48, channels: 3, pixels: [UInt8](repeating: 9, count: 9216)), to: photo)
      let refused = try tool("predict --checkpoint run/checkpoints/latest.h5 photo.png")
      #expect(refused.exitCode == 64 && refused.errors.contains("--set data.visible=image"), "\(refused)")
      let whole = try tool("predict --checkpoint run/checkpoints/latest.h5 photo.png --set data.visible=image")
      #expect(whole.exitCode == 0, "\(whole)")
      let wrong = try tool("\(train) --output no --set data.visible=shape --set data.background=[cow]")
      #expect(wrong.exitCode == 78 && wrong.errors.contains("data.background names 'cow'"), "\(wrong)")
      let list = try tool("\(train) --output no --set data.background=cow")
      #expect(list.exitCode == 78 && list.errors.contains("a list of names of classes"), "\(list)")
    }
  }
}
