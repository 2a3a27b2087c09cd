import ArgumentParser
import Basics
import Checkpoints
import SegmentationData
import Weights

struct CheckpointImportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "import",
    abstract: "Take the weights of a VGG16, an FCN, a ResNet-50 or a Mask R-CNN from another tool's file.",
    discussion: """
      Reads PyTorch (.pth, .pt), safetensors, ONNX, Keras (.h5, .weights.h5, .keras), Caffe (.caffemodel) and HDF5 files. \
      The content decides, not the name; nothing in a file is executed. Layers are known by torchvision's, Keras' and the \
      papers' names, by --map, or by the order of the convolutions. Fully connected layers become convolutions; \
      BGR becomes RGB. Writes a file for --init, with the mean and std that the source uses.

        fcn-dist checkpoint import vgg16-397923af.pth vgg16.h5
        fcn-dist checkpoint import maskrcnn_resnet50_fpn_coco.pth maskrcnn.h5
        fcn-dist checkpoint import VGG_ILSVRC_16_layers.caffemodel vgg16.h5
        fcn-dist train --config configs/voc-fcn32s.yaml --init vgg16.h5
      """)

  @Argument(help: "The other tool's file.") var source: String
  @Argument(help: "The file to write; it must not exist.") var output: String
  @Option(
    help: ArgumentHelp(
      "The order of the channels that the first convolution takes. Default: what the kind of source always uses.",
      valueName: "rgb|bgr"))
  var channels: WeightImport.Channels?
  @Option(
    help: ArgumentHelp(
      "A text file with a line 'NAME-IN-THE-FILE conv1_1/weight' for each tensor that has another name.",
      valueName: "file"))
  var map: String?

  func run() throws {
    try Launch.inFirstProcess {
      let file = try WeightFile(source)
      let found = try WeightImport(file, channels: channels, map: try map.map(Self.names) ?? [:])
      try ParameterFileWriter.write(
        found.tensors, to: output, normalisation: found.normalisation, source: "\(file.format.rawValue) file \(source)")
      Output.write(Self.table(found.rows) + "\n")
      if let first = ["conv1_1", "conv1"].first(where: { layer in
        found.tensors.contains { $0.name == "\(layer)/weight" }
      }) {
        Output.write("channels of \(first): \(found.channels.rawValue.uppercased()) (\(found.channelsReason))")
      }
      if let (mean, std) = found.normalisation {
        Output.write(
          "images: mean \(mean.map { "\($0)" }.joined(separator: ", ")), std "
            + "\(std.map { "\($0)" }.joined(separator: ", ")) of RGB from 0 to 255; train --init takes them where data.mean is auto"
        )
      } else {
        Output.write("images: the file does not say how they were normalised; set data.mean and data.std")
      }
      Output.write("wrote \(found.tensors.count) tensors into \(output)")
    }
  }

  static func table(_ rows: [WeightImport.Row]) -> String {
    var table = TextTable()
    table.add(["in the file", "shape", "becomes", ""])
    for row in rows {
      let shape = row.shape.map { "\($0)" }.joined(separator: " x ")
      table.add([row.source, shape, row.target ?? "-", row.note])
    }
    return table.text
  }

  /// The lines of a file for --map.
  static func names(_ path: String) throws -> [String: String] {
    var names: [String: String] = [:]
    for (number, line) in try TextLines.read(path).enumerated() {
      let words = line.split { $0 == " " || $0 == "\t" }
      if words.isEmpty || words[0].hasPrefix("#") { continue }
      guard words.count == 2 else {
        throw Failure(
          .badData, "\(path), line \(number + 1): '\(line)' is not of the form NAME-IN-THE-FILE conv1_1/weight")
      }
      guard names.updateValue(String(words[1]), forKey: String(words[0])) == nil else {
        throw Failure(.badData, "\(path), line \(number + 1): '\(words[0])' is named twice")
      }
    }
    return names
  }
}

extension WeightImport.Channels: ExpressibleByArgument {}
