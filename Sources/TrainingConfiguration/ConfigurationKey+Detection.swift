import Detection
import Model

extension ConfigurationKey {
  /// The keys that Mask R-CNN alone has (docs/formats.md section 9); they are written for it alone.
  static let detection: [ConfigurationKey] =
    ([
      .choice("model.backbone", \.model.backbone, "mask-rcnn: what the feature pyramid is made from"),
      .number(
        "model.batch_norm_epsilon", \.model.batchNormEpsilon, .fractionBelowOne,
        "resnet50: what is added to the variances of its frozen batch normalisations; 0 for torchvision's COCO weights"),
      .integer(
        "detection.fpn_channels", \.model.detection.pyramidChannels, in: 1...65_536,
        "channels of the feature pyramid and of the region proposal network"),
      .integer(
        "detection.box_features", \.model.detection.boxFeatures, in: 1...65_536, "channels of box_fc6 and box_fc7"),
      .integer(
        "detection.mask_channels", \.model.detection.maskChannels, in: 1...65_536, "channels of the mask head"),
      .integer(
        "detection.mask_layers", \.model.detection.maskLayers, in: 1...16, "3 x 3 convolutions of the mask head"),
    ] + anchors + sizes + proposals + boxes).map(\.forDetectors)

  private static let anchors: [ConfigurationKey] = [
    ConfigurationKey(
      path: "detection.anchor_sizes", summary: "side of a square anchor of each level, in pixels",
      values: "[five numbers above 0]",
      read: { value, configuration in
        let sizes = try value.floats(in: .positive, of: "five numbers")
        guard sizes.count == DetectionSettings.levelCount else {
          throw value.failure(expected: "a list of five numbers")
        }
        configuration.model.detection.anchorSizes = sizes
      },
      write: { "\($0.model.detection.anchorSizes)" }),
    ConfigurationKey(
      path: "detection.aspect_ratios", summary: "anchors of each size: height / width", values: "[numbers above 0]",
      read: { value, configuration in
        configuration.model.detection.aspectRatios = try value.floats(in: .positive, of: "numbers above 0")
      },
      write: { "\($0.model.detection.aspectRatios)" }),
  ]

  private static let sizes: [ConfigurationKey] = [
    .integer(
      "detection.min_size", \.model.detection.minSize, in: 1...16_384,
      "images are resized so that the shorter side has so many pixels"),
    .integer(
      "detection.max_size", \.model.detection.maxSize, in: 1...16_384, "but the longer side at most so many"),
  ]

  private static let proposals: [ConfigurationKey] = [
    .number(
      "detection.rpn_foreground_iou", \.model.detection.proposalForegroundIoU, .fraction,
      "an anchor that overlaps an instance so much has it"),
    .number(
      "detection.rpn_background_iou", \.model.detection.proposalBackgroundIoU, .fraction,
      "an anchor that overlaps every instance less is background"),
    .integer(
      "detection.rpn_batch_per_image", \.model.detection.proposalBatchPerImage, in: 1...1_048_576,
      "anchors of an image that the region proposal network is trained on"),
    .number(
      "detection.rpn_positive_fraction", \.model.detection.proposalPositiveFraction, .fraction,
      "at most this part of them has instances"),
    .number(
      "detection.rpn_nms_iou", \.model.detection.proposalIoU, .fraction,
      "of two proposals of a level that overlap more, the better is kept"),
    .integer(
      "detection.rpn_pre_nms_train", \.model.detection.trainingProposals.before, in: 1...1_048_576,
      "training: best anchors of a level"),
    .integer(
      "detection.rpn_post_nms_train", \.model.detection.trainingProposals.after, in: 1...65_536,
      "training: proposals of an image"),
    .integer(
      "detection.rpn_pre_nms_test", \.model.detection.testProposals.before, in: 1...1_048_576,
      "evaluation: best anchors of a level"),
    .integer(
      "detection.rpn_post_nms_test", \.model.detection.testProposals.after, in: 1...65_536,
      "evaluation: proposals of an image"),
  ]

  private static let boxes: [ConfigurationKey] = [
    .number(
      "detection.box_foreground_iou", \.model.detection.boxForegroundIoU, .fraction,
      "a region that overlaps an instance so much has it"),
    .number(
      "detection.box_background_iou", \.model.detection.boxBackgroundIoU, .fraction,
      "a region that overlaps every instance less is background"),
    .integer(
      "detection.box_batch_per_image", \.model.detection.boxBatchPerImage, in: 1...1_048_576,
      "regions of an image that the heads are trained on"),
    .number(
      "detection.box_positive_fraction", \.model.detection.boxPositiveFraction, .fraction,
      "at most this part of them has instances"),
    .number(
      "detection.box_score", \.model.detection.boxScore, .fraction, "detections of a lower probability are dropped"),
    .number(
      "detection.box_nms_iou", \.model.detection.boxIoU, .fraction,
      "of two detections of a class that overlap more, the better is kept"),
    .integer(
      "detection.detections_per_image", \.model.detection.detectionsPerImage, in: 1...4096,
      "detections of an image, the best"),
  ]

  private var forDetectors: ConfigurationKey {
    ConfigurationKey(
      path: path, summary: summary, values: values, read: read,
      write: { $0.model.architecture == .maskRCNN ? write($0) : nil })
  }
}
