import Basics
import Checkpoints

/// The parameters of a VGG16, an FCN, a ResNet-50 or a Mask R-CNN in a foreign weight file, in the names and layouts of
/// docs/formats.md sections 1 and 9.
/// A layer is taken whole or not at all.
package struct WeightImport {
  /// The order of an image's channels.
  package enum Channels: String, CaseIterable, Sendable { case rgb, bgr }

  /// A line of the report.
  package struct Row: Equatable, Sendable {
    /// The tensor's name in the file, and its shape.
    package let source: String
    package let shape: [Int]
    /// The parameter that it became; nil where it was left out.
    package let target: String?
    package let note: String
  }

  package let tensors: [CheckpointTensor]
  package let rows: [Row]
  /// In which order conv1_1 took the channels in the file, and how that is known.
  package let channels: Channels
  package let channelsReason: String
  /// What images were normalised with, per channel in RGB order and units of 0 … 255; nil where that is not known.
  package let normalisation: (mean: [Float], std: [Float])?

  /// - Parameters:
  ///   - channels: nil: what the source's kind always uses.
  ///   - map: parameters ("conv1_1/weight") by the names of the file's tensors, above the names that are known.
  /// - Throws: `Failure(.badData)` where no layer of VGG16 is in it, or one is there twice.
  package init(_ file: WeightFile, channels: Channels? = nil, map: [String: String] = [:]) throws {
    var naming = try Naming(file, map: map)
    let source = Source(file, naming.family)
    let order = channels ?? source.channels
    self.channels = order
    channelsReason = channels == nil ? source.reason : "--channels"
    normalisation = source.normalisation
    let isTurned = naming.targets.contains { CanonicalTensor.isClearlyTurned($0.tensor, as: $0.target) }
    var found: [LayerNames.Target: (tensor: SourceTensor, canonical: CanonicalTensor)] = [:]
    for (tensor, target) in naming.targets {
      let turns = order == .bgr && ["conv1_1", "conv1"].contains(target.layer) && !target.isVector
      guard let canonical = CanonicalTensor(tensor, as: target, isTurned: isTurned, reversesChannels: turns)
      else {
        naming.leave(tensor, "does not fit \(target.name)")
        continue
      }
      if let other = found[target] {
        throw Failure(
          .badData, "\(file.path) holds \(target.name) twice: as '\(other.tensor.name)' and as '\(tensor.name)'",
          remedy: "name the one to take in a file for --map")
      }
      found[target] = (tensor, canonical)
    }
    let shapes = FoundShapes(shapes: found.mapValues { $0.canonical.shape })
    var tensors: [CheckpointTensor] = []
    var rows: [Row] = []
    for target in found.keys.sorted(by: { $0.name < $1.name }) {
      guard let (tensor, canonical) = found[target] else { continue }
      if let reason = shapes.incompleteness(of: target.layer) {
        naming.leave(tensor, reason)
        continue
      }
      let path = file.path
      tensors.append(
        CheckpointTensor(name: target.name, shape: canonical.shape) { buffer in
          let values = canonical.values(try tensor.values(in: path))
          if target.part == .runningVariance, let least = values.min(), least < 0 {
            throw Failure(.badData, "\(path): tensor '\(tensor.name)' has a variance of \(least)")
          }
          _ = buffer.update(fromContentsOf: values)
        })
      rows.append(Row(source: tensor.name, shape: tensor.shape, target: target.name, note: canonical.note))
    }
    guard rows.contains(where: { $0.target?.hasPrefix("conv") == true }) else {
      let examples = file.tensors.prefix(3).map { "'\($0.name)' \($0.shape)" }.joined(separator: ", ")
      throw Failure(
        .badData,
        "\(file.path) (\(file.format.rawValue)) has no convolution of VGG16 or ResNet-50 under a name that is known; it has "
          + (examples.isEmpty ? "no tensors" : examples),
        remedy: "give the names in a file for --map: one line 'NAME-IN-THE-FILE conv1_1/weight' a tensor")
    }
    self.tensors = tensors
    self.rows = rows + naming.leftOut
  }

  /// How a kind of source prepares its images.
  private struct Source {
    let channels: Channels
    let reason: String
    let normalisation: (mean: [Float], std: [Float])?

    init(_ file: WeightFile, _ family: LayerNames.Family) {
      if let said = file.facts["channels"].flatMap(Channels.init) {
        (channels, reason) = (said, "as the file says")
        let numbers = ["mean", "std"].map { key in file.facts[key]?.split(separator: ",").compactMap { Float($0) } ?? []
        }
        normalisation = numbers[0].isEmpty || numbers[0].count != numbers[1].count ? nil : (numbers[0], numbers[1])
        return
      }
      // The mean of ImageNet's training images (Simyonan and Zisserman 2015), as Caffe's VGG16 takes it from every pixel.
      let caffe: (mean: [Float], std: [Float]) = ([123.68, 116.779, 103.939], [1, 1, 1])
      switch (file.format, family) {
      case (_, .torchvision):
        (channels, reason) = (.rgb, "as torchvision's models")
        normalisation = ([123.675, 116.28, 103.53], [58.395, 57.12, 57.375])
      case (.caffe, _): (channels, reason, normalisation) = (.bgr, "as Caffe's models", caffe)
      case (_, .keras): (channels, reason, normalisation) = (.bgr, "as keras.applications' VGG16", caffe)
      case (.pyTorch, .paper), (.safetensors, .paper):
        (channels, reason, normalisation) = (.bgr, "as pytorch-fcn's models", caffe)
      default: (channels, reason, normalisation) = (.rgb, "the file does not say", nil)
      }
    }
  }
}
