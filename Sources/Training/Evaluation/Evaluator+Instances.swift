import Basics
import Collectives
import Detection
import Instances
import Kernels
import Model
import SegmentationData

extension Evaluator {
  /// COCO's numbers: each rank finds and matches the instances of its images, and all join the matches.
  func evaluateInstances(_ memory: ParameterMemory, progress: (Int, Int) -> Void) throws -> Evaluation {
    let detector = InstanceDetector(network.configuration.detection)
    var boxes: [ImageMatches] = []
    var masks: [ImageMatches] = []
    let share = self.share
    try forEachBatch(of: share) { run, samples in
      let found = try detector.detect(samples, network, memory)
      for (sample, objects) in zip(samples, found) {
        let truths = Self.truths(sample)
        let detections = try objects.map { try Self.detection($0, sample) }
        masks.append(
          try ImageMatches(
            image: sample.index + 1, truths: truths, detections: detections.map(\.mask), kind: .masks))
        boxes.append(
          try ImageMatches(
            image: sample.index + 1, truths: truths, detections: detections.map(\.box), kind: .boxes))
      }
      progress(run.upperBound - share.lowerBound, share.count)
    }
    let categories = Array(1..<network.configuration.classes)
    return Evaluation(
      task: .instances, confusion: ConfusionMatrix(classCount: network.configuration.classes),
      imageCount: dataset.info.sampleCount, loss: .nan,
      scores: InstanceScores(
        boxes: try EvaluationSummary(gathered(boxes), categories: categories),
        masks: try EvaluationSummary(gathered(masks), categories: categories)))
  }

  private func gathered(_ own: [ImageMatches]) throws -> [ImageMatches] {
    try group.allGather(ImageMatches.encode(own)).flatMap { try ImageMatches.decode($0) }
  }

  private static func truths(_ sample: Sample) -> [TruthInstance] {
    guard let instances = sample.instances else { return [] }
    return (0..<instances.count).map { index in
      TruthInstance(
        identifier: index + 1, category: Int(instances.classes[index]), box: Rectangle(instances.boxes[index]),
        area: Double(instances.masks[index].area), isCrowd: instances.isCrowd[index], mask: instances.masks[index])
    }
  }

  /// As COCO's metric takes it for boxes, and for masks.
  private static func detection(
    _ object: DetectedObject, _ sample: Sample
  ) throws -> (box: DetectedInstance, mask: DetectedInstance) {
    let box = Rectangle(object.box)
    let runs = try object.runs(imageHeight: sample.storedSize.height, imageWidth: sample.storedSize.width)
    func instance(area: Double) -> DetectedInstance {
      DetectedInstance(category: object.category, score: Double(object.score), box: box, area: area, mask: runs)
    }
    return (instance(area: box.area), instance(area: Double(runs.area)))
  }
}

extension Rectangle {
  init(_ box: Box) {
    self.init(
      x: Double(box.x1), y: Double(box.y1), width: Double(box.x2) - Double(box.x1),
      height: Double(box.y2) - Double(box.y1))
  }
}
