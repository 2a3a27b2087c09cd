import Basics
import Detection

/// Which network. `fcn…` are those of Shelhamer, Long and Darrell; the number is the stride of the last upsampling.
package enum Architecture: String, CaseIterable, Sendable, Codable {
  case fcn32s
  case fcn16s
  case fcn8s
  /// The classifier of Simonyan and Zisserman (2015), convolutional from the start: the mean over the positions of its
  /// score map is the vector of class scores.
  case vgg16
  /// Mask R-CNN (He et al. 2017) on a feature pyramid (Lin et al. 2017) of VGG16 or ResNet-50.
  case maskRCNN = "mask-rcnn"

  /// The pooling layers whose maps join the head, coarse to fine.
  package var skips: [Int] {
    switch self {
    case .vgg16, .fcn32s, .maskRCNN: []
    case .fcn16s: [4]
    case .fcn8s: [4, 3]
    }
  }

  package var finalStride: Int { 32 >> skips.count }

  package var task: VisionTask {
    switch self {
    case .fcn32s, .fcn16s, .fcn8s: .semantic
    case .vgg16: .classification
    case .maskRCNN: .instances
    }
  }

  /// The geometries that it can have.
  package var geometries: [Geometry] {
    switch task {
    case .semantic: [.same, .padded100]
    case .classification: [.same, .valid]
    case .instances: [.same]
    }
  }
}

/// How layers pad and crop (FORMATS.md section 2).
package enum Geometry: String, CaseIterable, Sendable, Codable {
  /// Every map is as large as its source, rounded up.
  case same
  /// The image padded by 100, maps cropped at the published offsets.
  case padded100
  /// Classifiers: fc6 without padding. An image of 224 x 224 has one score position, as in the published net.
  case valid
}

/// What happens to the upsampling kernels, which start bilinear.
package enum Upsampling: String, CaseIterable, Sendable, Codable {
  case fixed
  case learned
}

/// The `model:` section of a configuration (FORMATS.md sections 2 and 5).
package struct ModelConfiguration: Equatable, Sendable {
  package var architecture: Architecture
  package var geometry: Geometry
  package var upsampling: Upsampling
  package var backbone: Backbone
  /// Channels of the five parts of the backbone, as `Backbone.publishedWidths`.
  package var widths: [Int]
  /// Channels of fc6 and fc7.
  package var fc: Int
  /// Share of fc6 and fc7 that is dropped in training.
  package var dropout: Float
  /// What pool4 and pool3 are multiplied by before their score layers.
  package var pool4Scale: Float
  package var pool3Scale: Float
  package var classes: Int
  package var channels: Int
  /// Of Mask R-CNN alone.
  package var detection: DetectionSettings
  /// What is added to the variances of ResNet's frozen batch normalisations.
  package var batchNormEpsilon: Float

  package init(
    architecture: Architecture = .fcn8s, geometry: Geometry = .same, upsampling: Upsampling = .learned,
    widths: [Int] = [64, 128, 256, 512, 512], fc: Int = 4096, dropout: Float = 0.5, pool4Scale: Float = 1,
    pool3Scale: Float = 1, classes: Int, channels: Int = 3, detection: DetectionSettings = DetectionSettings(),
    backbone: Backbone = .vgg16, batchNormEpsilon: Float = 1e-5
  ) {
    self.architecture = architecture
    self.geometry = geometry
    self.upsampling = upsampling
    self.widths = widths
    self.fc = fc
    self.dropout = dropout
    self.pool4Scale = pool4Scale
    self.pool3Scale = pool3Scale
    self.classes = classes
    self.channels = channels
    self.detection = detection
    self.backbone = backbone
    self.batchNormEpsilon = batchNormEpsilon
  }

  /// Channel counts beyond this are refused: their products would not fit any memory.
  private static let largestWidth = 1 << 16

  /// - Throws: `Failure` of kind configuration that names the key.
  package func validate() throws {
    guard architecture.geometries.contains(geometry) else {
      let choices = architecture.geometries.map(\.rawValue).joined(separator: " or ")
      throw Failure(
        .configuration, "model.geometry \(geometry.rawValue) is not for model.architecture \(architecture.rawValue)",
        remedy: "set model.geometry to \(choices)")
    }
    try validateBackbone()
    try Self.check(fc, "model.fc", atMost: Self.largestWidth)
    // Labels are 16-bit numbers, of which one means no class.
    try Self.check(classes, "model.classes", atMost: 65_535)
    try Self.check(channels, "model.channels", atMost: 1 << 12)
    guard dropout >= 0 && dropout < 1 else {
      throw Failure(
        .configuration, "model.dropout is \(dropout)", remedy: "give the share to drop, from 0 to below 1")
    }
    if architecture.task == .instances { try detection.validate() }
    for (key, scale) in [("pool4", pool4Scale), ("pool3", pool3Scale)] where !scale.isFinite {
      throw Failure(.configuration, "model.skip_scale.\(key) is \(scale)", remedy: "give a finite number")
    }
  }

  private func validateBackbone() throws {
    guard backbone == .vgg16 || architecture == .maskRCNN else {
      throw Failure(
        .configuration, "model.backbone \(backbone.rawValue) is not for model.architecture \(architecture.rawValue)",
        remedy: "set model.architecture to mask-rcnn, or leave model.backbone out")
    }
    guard widths.count == 5 else {
      throw Failure(
        .configuration, "model.widths has \(widths.count) values",
        remedy: "give one width for each of the five blocks, for example \(backbone.publishedWidths)")
    }
    for (block, width) in widths.enumerated() {
      let isExpanded = backbone == .resnet50 && block > 0
      try Self.check(
        width, "model.widths[\(block)]", atMost: Self.largestWidth / (isExpanded ? Backbone.expansion : 1))
    }
    guard batchNormEpsilon >= 0 && batchNormEpsilon < 1 else {
      throw Failure(
        .configuration, "model.batch_norm_epsilon is \(batchNormEpsilon)",
        remedy: "give 1e-5, or 0 for weights of torchvision's own Mask R-CNN")
    }
  }

  private static func check(_ value: Int, _ key: String, atMost limit: Int) throws {
    guard value >= 1 && value <= limit else {
      throw Failure(.configuration, "\(key) is \(value)", remedy: "give a number from 1 to \(limit)")
    }
  }
}
