import ArgumentParser
import Basics
import Checkpoints
import Weights

struct CheckpointExportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export", abstract: "Write a checkpoint's network for other tools.",
    discussion: """
      The name's ending gives the format. OUT.onnx is the whole network, for any batch, height and width; onnxruntime and \
      OpenVINO run it. It takes pixels as they are stored, [N, channels, height, width]. Of Mask R-CNN it is the backbone \
      with its feature pyramid, p2 … p6, for heights and widths that are multiples of 32. OUT.safetensors and OUT.h5 have \
      the parameters alone (float32, layouts as in docs/formats.md): safetensors under PyTorch's kind of name, \
      conv1_1.weight; HDF5 as --init takes them, and as evaluate and predict do together with --config.

        fcn-dist checkpoint export RUN/checkpoints/best.h5 camvid-fcn8s.onnx --labels
        fcn-dist checkpoint export RUN/checkpoints/best.h5 camvid-fcn8s.safetensors
      """)

  @Argument(help: "The checkpoint.") var checkpoint: String
  @Argument(help: "The file to write, .onnx, .safetensors or .h5; it must not exist.") var output: String
  @Flag(help: "ONNX: give the class of every pixel instead of the logits.") var labels = false
  @Flag(help: "ONNX: take pixels less mean, divided by std, instead of pixels as they are stored.")
  var normalised = false
  @OptionGroup var weights: WeightOptions

  private enum Ending: String, CaseIterable { case onnx, safetensors, h5, hdf5 }

  private var ending: Ending? {
    Ending.allCases.first { output.lowercased().hasSuffix(".\($0.rawValue)") }
  }

  func validate() throws {
    guard let ending else {
      throw ValidationError("the name of the file must end in .onnx, .safetensors or .h5, found '\(output)'")
    }
    if (labels || normalised) && ending != .onnx {
      throw ValidationError("--labels and --normalised are for .onnx only")
    }
  }

  func run() throws {
    try Launch.inFirstProcess {
      let source = try ParameterFile(checkpoint, choice: weights.weights)
      var written = source.parameters
      switch ending {
      case .onnx: written = try writeONNX(source)
      case .safetensors:
        let model = source.model
        let facts = [
          "channels": model.map { $0.channels == 3 ? "rgb" : nil } ?? nil,
          "architecture": model?.architecture, "geometry": model?.geometry,
          "class_names": model?.classNames.joined(separator: ","),
          "mean": source.normalisation?.mean.map { "\($0)" }.joined(separator: ","),
          "std": source.normalisation?.std.map { "\($0)" }.joined(separator: ","),
        ]
        try SafetensorsExport.write(source.parameters, metadata: facts.compactMapValues { $0 }, to: output)
      case .h5, .hdf5, nil: try ParameterFileWriter.write(source.parameters, to: output)
      }
      let count = written.reduce(0) { $0 + $1.count }
      Output.write(
        "wrote \(grouped(count)) parameters\(source.isAverage ? " (their moving average)" : "") of "
          + "\(written.count) tensors into \(output)")
    }
  }

  private func writeONNX(_ source: ParameterFile) throws -> [CheckpointTensor] {
    guard let model = source.model, let (mean, std) = source.normalisation else {
      throw Failure(
        .badData, "\(checkpoint) holds parameters only and does not say of which network",
        remedy: "export the checkpoint that a training wrote")
    }
    return try ONNXExport.write(
      source.parameters, of: try TrainedModel.network(of: source), mean: mean, std: std,
      classNames: model.classNames,
      options: ONNXExport.Options(normalises: !normalised, givesLabels: labels), to: output)
  }
}
