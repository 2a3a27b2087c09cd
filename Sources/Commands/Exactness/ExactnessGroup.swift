import Basics

/// Ways to do the same with one backend: all have to come to one digest, that of the first.
struct ExactnessGroup {
  enum Work {
    case training
    /// Of the first group's last checkpoint.
    case evaluation, prediction
  }

  let title: String
  var work = Work.training
  var task = VisionTask.semantic
  /// The group whose first training is evaluated or predicted with.
  var trainingNumber = 0
  /// Further arguments of all its jobs.
  var arguments: [String] = []
  let cases: [ExactnessCase]

  /// All that is looked at with the backend that was asked for.
  static func groups(all: Bool) -> [ExactnessGroup] {
    let inference =
      [ExactnessCase(ranks: 0), ExactnessCase(ranks: 0, threads: 2)]
      + (all ? [2, 3, 4, 5, 7, 8] : [2, 5]).map { ExactnessCase(ranks: $0) }
    let segmentation = [
      ExactnessGroup(title: "training with dropout, augmentation and the plateau schedule", cases: matrix(all: all)),
      ExactnessGroup(
        title: "training that stops early",
        arguments: ["--set", "train.early_stop=1", "--set", "train.evaluate_every=2"],
        cases: [
          ExactnessCase(ranks: 0), ExactnessCase(ranks: 2), ExactnessCase(ranks: 3, coordinator: "dedicated"),
        ]),
      ExactnessGroup(title: "evaluation", work: .evaluation, cases: inference),
      ExactnessGroup(title: "prediction", work: .prediction, cases: inference),
    ]
    let number = segmentation.count
    return segmentation + [
      short("training a classifier", ["--set", "model.architecture=vgg16"], task: .classification),
      ExactnessGroup(
        title: "evaluating a classifier", work: .evaluation, task: .classification, trainingNumber: number,
        cases: inference),
      ExactnessGroup(
        title: "predicting with a classifier", work: .prediction, task: .classification, trainingNumber: number,
        cases: inference),
      short("training Mask R-CNN", detector, task: .instances),
      ExactnessGroup(
        title: "evaluating Mask R-CNN", work: .evaluation, task: .instances, trainingNumber: number + 3,
        cases: inference),
      ExactnessGroup(
        title: "finding instances with Mask R-CNN", work: .prediction, task: .instances, trainingNumber: number + 3,
        cases: inference),
      short(
        "training with frozen layers, rates of layers, a moving average and the Lovász loss",
        [
          "optimizer.freeze=[conv1_*]", "optimizer.learning_rate_multipliers={score*: 5, conv2_*: 0.1}",
          "optimizer.ema_decay=0.8", "loss.name=lovasz", "loss.cross_entropy=1",
        ].flatMap { ["--set", $0] }),
      ExactnessGroup(
        title: "evaluation over scales and mirror images", work: .evaluation, trainingNumber: number + 6,
        arguments: ["--scales", "0.75,1", "--flip"],
        cases: [ExactnessCase(ranks: 0), ExactnessCase(ranks: 2), ExactnessCase(ranks: 5)]),
      short(
        "training Mask R-CNN on ResNet-50",
        detector + ["--set", "model.backbone=resnet50", "--set", "optimizer.freeze=[conv1, 'layer1.*']"],
        task: .instances),
    ]
  }

  /// A small network, whose regions are chosen from many.
  private static let detector = [
    "model.architecture=mask-rcnn", "detection.fpn_channels=8", "detection.box_features=16",
    "detection.mask_channels=8", "detection.mask_layers=1", "detection.min_size=64", "detection.max_size=96",
    "detection.anchor_sizes=[8, 16, 32, 48, 64]", "detection.rpn_pre_nms_train=60", "detection.rpn_post_nms_train=40",
    "detection.rpn_pre_nms_test=60", "detection.rpn_post_nms_test=30", "detection.rpn_batch_per_image=32",
    "detection.box_batch_per_image=24", "detection.box_score=0.01", "detection.detections_per_image=20",
  ].flatMap { ["--set", $0] }

  /// A smaller matrix for another backend or precision.
  static func short(
    _ title: String, _ arguments: [String], task: VisionTask = .semantic
  ) -> ExactnessGroup {
    ExactnessGroup(
      title: title, task: task, arguments: arguments,
      cases: [
        ExactnessCase(ranks: 0), ExactnessCase(ranks: 2), ExactnessCase(ranks: 3, coordinator: "dedicated"),
        ExactnessCase(ranks: 2, exchange: "allreduce"), ExactnessCase(ranks: 4, ranksPerMachine: 2),
        ExactnessCase(ranks: 2, accident: (.killed, 3)),
      ])
  }

  private static func matrix(all: Bool) -> [ExactnessCase] {
    let counts = all ? [1, 2, 3, 4, 5, 7, 8] : [1, 2, 3, 4]
    var cases = [ExactnessCase(ranks: 0)]
    cases += counts.map { ExactnessCase(ranks: $0) }
    cases += counts.filter { $0 > 1 }.map { ExactnessCase(ranks: $0, coordinator: "dedicated") }
    cases += (all ? [2, 3, 4, 8] : [2, 4]).map { ExactnessCase(ranks: $0, exchange: "allreduce") }
    cases += [(3, 1), (4, 2)].map { ExactnessCase(ranks: $0.0, ranksPerMachine: $0.1) }
    cases += [(2, 3), (4, 1)].map { ExactnessCase(ranks: $0.0, accident: (.killed, $0.1)) }
    cases += [(1, 2), (3, 1)].map { ExactnessCase(ranks: $0.0, accident: (.stopped, $0.1)) }
    return cases
  }
}
