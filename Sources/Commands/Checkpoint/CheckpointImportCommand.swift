import ArgumentParser
import Basics

struct CheckpointImportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "import", abstract: "Take parameters from another tool's HDF5 file.",
    discussion: """
      Finds parameters under the paper's layer names, in any group, and under torchvision's names of VGG16 \
      (features.0.weight …); fully connected layers become convolutions. Writes a file for --init. Images must then \
      be normalised as that tool did: set data.mean and data.std.

        fcn-dist checkpoint import vgg16.h5 vgg16-fcn.h5
        fcn-dist train --config configs/voc-fcn32s.yaml --init vgg16-fcn.h5
      """)

  @Argument(help: "The other tool's file.") var source: String
  @Argument(help: "The file to write; it must not exist.") var output: String

  func run() throws {
    try Launch.inFirstProcess {
      let found = try ForeignParameters(path: source)
      try ParameterFileWriter.write(found.tensors, to: output)
      for name in found.unknown { Output.write("left out /\(name): no layer of an FCN is called so") }
      Output.write("wrote \(found.tensors.count) tensors into \(output)")
    }
  }
}
