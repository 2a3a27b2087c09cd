import Detection
import Foundation
import Instances
import Model
import Storage
import TestSupport

/// ../shared/golden/maskrcnn-vgg16, as its generate_tasks.py writes it.
struct MaskRCNNGoldenCase {
  static let configuration = {
    var detection = DetectionSettings()
    detection.pyramidChannels = 16
    detection.boxFeatures = 32
    detection.maskChannels = 12
    detection.anchorSizes = [16, 24, 40, 64, 96]
    (detection.minSize, detection.maxSize) = (96, 4096)
    detection.proposalBatchPerImage = 1_000_000
    detection.trainingProposals = Proposals.Limits(before: 600, after: 120)
    detection.testProposals = Proposals.Limits(before: 600, after: 80)
    detection.boxBatchPerImage = 1_000_000
    detection.detectionsPerImage = 20
    return ModelConfiguration(
      architecture: .maskRCNN, widths: [8, 8, 16, 16, 24], dropout: 0, classes: 4, detection: detection)
  }()

  struct Sample {
    let key: String
    /// Normalised, [height, width, 3].
    let pixels: [Float]
    let target: InstanceTarget
  }

  struct Detections {
    let boxes: [Float]
    let classes: [UInt16]
    let scores: [Float]
    /// [n, height, width]
    let masks: [UInt8]
  }

  static let golden = GoldenCase(name: "maskrcnn-vgg16", configuration: configuration, normalization: .batch)

  private static func open(_ file: String) throws -> HDF5Group {
    try HDF5File.open("\(SharedFolder.golden ?? "")/\(golden.name)/\(file)").root
  }

  static func samples(_ split: String) throws -> [Sample] {
    let root = try open("\(split)-00000-of-00001.h5")
    let instances = try root.group("instances")
    let offsets = try instances.dataset("offsets").read(as: Int64.self).map { Int($0) }
    let boxes: [Float] = try instances.dataset("boxes").read()
    let classes = try instances.dataset("classes").read(as: UInt16.self).map { Int($0) }
    let runOffsets = try instances.dataset("run_offsets").read(as: Int64.self).map { Int($0) }
    let runs = try instances.dataset("runs").read(as: UInt32.self)
    return try root.group("images").childNames().sorted().enumerated().map { index, key in
      let image = try root.group("images").dataset(key)
      let (height, width) = (image.shape[0], image.shape[1])
      let (mean, deviation) = ([120.0, 115, 105], [60.0, 61, 62])
      let pixels = try image.read(as: UInt8.self).enumerated().map { place, value in
        Float((Double(value) - mean[place % 3]) / deviation[place % 3])
      }
      let own = offsets[index]..<offsets[index + 1]
      return Sample(
        key: key, pixels: pixels,
        target: InstanceTarget(
          height: height, width: width,
          boxes: own.map { Box(boxes[4 * $0], boxes[4 * $0 + 1], boxes[4 * $0 + 2], boxes[4 * $0 + 3]) },
          classes: own.map { classes[$0] },
          masks: try own.map {
            try RunLengths(height: height, width: width, counts: runs[runOffsets[$0]..<runOffsets[$0 + 1]])
          }))
    }
  }

  /// [steps, 5]
  static func losses() throws -> [Double] { try open("expected.h5").dataset("losses").read(as: Double.self) }

  static func detections(_ key: String) throws -> Detections {
    let group = try open("expected.h5").group("detections").group(key)
    return Detections(
      boxes: try group.dataset("boxes").read(), classes: try group.dataset("classes").read(as: UInt16.self),
      scores: try group.dataset("scores").read(), masks: try group.dataset("masks").read(as: UInt8.self))
  }
}
