import Basics

/// The `detection:` section of a configuration (docs/formats.md section 9): sizes of the heads of Mask R-CNN, anchors,
/// and the rules by which regions are proposed, chosen for training and kept as results. Defaults are those of He et al.
/// (2017) with a feature pyramid, as torchvision has them.
package struct DetectionSettings: Equatable, Sendable {
  /// Channels of the feature pyramid and the region proposal network.
  package var pyramidChannels = 256
  /// Channels of box_fc6 and box_fc7.
  package var boxFeatures = 1024
  package var maskChannels = 256
  /// How many 3 x 3 convolutions the mask head has.
  package var maskLayers = 4

  /// Sides of square anchors in pixels, one for each of the five levels.
  package var anchorSizes: [Float] = [32, 64, 128, 256, 512]
  /// Height over width.
  package var aspectRatios: [Float] = [0.5, 1, 2]
  /// Images are resized so that the shorter side has so many pixels, but the longer one at most `maxSize`.
  package var minSize = 800
  package var maxSize = 1333

  package var proposalForegroundIoU: Float = 0.7
  package var proposalBackgroundIoU: Float = 0.3
  package var proposalBatchPerImage = 256
  package var proposalPositiveFraction = 0.5
  package var proposalIoU = 0.7
  package var trainingProposals = Proposals.Limits(before: 2000, after: 2000)
  package var testProposals = Proposals.Limits(before: 1000, after: 1000)

  package var boxForegroundIoU: Float = 0.5
  package var boxBackgroundIoU: Float = 0.5
  package var boxBatchPerImage = 512
  package var boxPositiveFraction = 0.25
  /// Detections with a lower probability are dropped.
  package var boxScore: Float = 0.05
  package var boxIoU = 0.5
  package var detectionsPerImage = 100

  package init() {}

  /// Rows and columns of what the mask head gives.
  package static let maskSize = 28
  /// Levels of the pyramid: four that regions are taken from, and a coarser one for proposals alone.
  package static let levelCount = 5

  /// Instances an image that become regions to train on beside the proposals, where all regions are wanted.
  private static let instanceAllowance = 128

  /// Places an image for regions of the box head and of the mask head in training.
  package var trainingRegions: (boxes: Int, masks: Int) {
    let boxes = min(boxBatchPerImage, trainingProposals.after + Self.instanceAllowance)
    return (boxes, max(1, min(boxes, Int(Double(boxBatchPerImage) * boxPositiveFraction))))
  }

  /// Places an image for regions of the box head and of the mask head in evaluation. Most images have few detections:
  /// their masks are made some at a time.
  package var testRegions: (boxes: Int, masks: Int) { (testProposals.after, min(detectionsPerImage, 16)) }

  /// - Throws: `Failure` of kind configuration that names the key.
  package func validate() throws {
    for (key, value) in [
      ("fpn_channels", pyramidChannels), ("box_features", boxFeatures), ("mask_channels", maskChannels),
      ("mask_layers", maskLayers), ("min_size", minSize), ("max_size", maxSize),
      ("rpn_batch_per_image", proposalBatchPerImage), ("rpn_pre_nms_train", trainingProposals.before),
      ("rpn_post_nms_train", trainingProposals.after), ("rpn_pre_nms_test", testProposals.before),
      ("rpn_post_nms_test", testProposals.after), ("box_batch_per_image", boxBatchPerImage),
      ("detections_per_image", detectionsPerImage),
    ] where value < 1 || value > 1 << 20 {
      throw Self.failure(key, value, "give a number from 1 to \(1 << 20)")
    }
    try validateFractions()
    try validateAnchors()
  }

  private func validateFractions() throws {
    for (key, value) in [
      ("rpn_foreground_iou", Double(proposalForegroundIoU)), ("rpn_background_iou", Double(proposalBackgroundIoU)),
      ("rpn_positive_fraction", proposalPositiveFraction), ("rpn_nms_iou", proposalIoU),
      ("box_foreground_iou", Double(boxForegroundIoU)), ("box_background_iou", Double(boxBackgroundIoU)),
      ("box_positive_fraction", boxPositiveFraction), ("box_score", Double(boxScore)), ("box_nms_iou", boxIoU),
    ] where !(value >= 0 && value <= 1) {
      throw Self.failure(key, value, "give a number from 0 to 1")
    }
    for (name, low, high) in [
      ("rpn", proposalBackgroundIoU, proposalForegroundIoU), ("box", boxBackgroundIoU, boxForegroundIoU),
    ] where low > high {
      throw Self.failure(
        "\(name)_background_iou", low, "it must not be above detection.\(name)_foreground_iou, \(high)")
    }
  }

  private func validateAnchors() throws {
    guard anchorSizes.count == Self.levelCount else {
      throw Self.failure("anchor_sizes", anchorSizes, "give one size for each of the \(Self.levelCount) levels")
    }
    guard (1...64).contains(aspectRatios.count) else {
      throw Self.failure("aspect_ratios", aspectRatios, "give 1 to 64 ratios of height to width")
    }
    for (key, values) in [("anchor_sizes", anchorSizes), ("aspect_ratios", aspectRatios)] {
      for value in values where !(value > 1e-3 && value < 1e6) {
        throw Self.failure(key, value, "give positive numbers")
      }
    }
    guard minSize <= maxSize else {
      throw Self.failure("min_size", minSize, "it must not be above detection.max_size, \(maxSize)")
    }
  }

  private static func failure(_ key: String, _ value: Any, _ remedy: String) -> Failure {
    Failure(.configuration, "detection.\(key) is \(value)", remedy: remedy)
  }
}
