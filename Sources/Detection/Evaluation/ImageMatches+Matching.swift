import Basics

extension ImageMatches {
  /// Matches an image's detections with its instances as pycocotools' `COCOeval.evaluateImg` does.
  ///
  /// - Parameters:
  ///   - image: the image's id; no two images may have the same.
  ///   - truths: in the order of the annotation file: at equal overlap the later instance is taken.
  ///   - detections: in the order of the results: of equal scores the earlier comes first.
  /// - Throws: bad data that names the image and the instance: ids below 1 or given twice, values that are no numbers,
  ///   masks that are missing or of another size than the image's others.
  package init(
    image: Int, truths: [TruthInstance], detections: [DetectedInstance], kind: EvaluationKind
  ) throws {
    try ImageCheck(image: image, kind: kind).check(truths, detections)
    var truthsByCategory = Dictionary(grouping: truths, by: \.category)
    let detectionsByCategory = Dictionary(grouping: detections, by: \.category)
    for category in detectionsByCategory.keys { truthsByCategory[category, default: []] += [] }
    self.image = image
    categories = truthsByCategory.keys.sorted().map { category in
      CategoryMatcher(
        truths: truthsByCategory[category] ?? [], detections: detectionsByCategory[category] ?? [], kind: kind
      ).matches(category)
    }
  }
}

/// Refuses what pycocotools takes silently.
private struct ImageCheck {
  let image: Int
  let kind: EvaluationKind

  func check(_ truths: [TruthInstance], _ detections: [DetectedInstance]) throws {
    var identifiers = Set<Int>()
    var reference: RunLengths?
    for truth in truths {
      let name = "image \(image), annotation \(truth.identifier)"
      guard truth.identifier >= 1 else {
        throw Failure(
          .badData, "\(name): the id is below 1, which COCO's metric takes for no match",
          remedy: "number the annotations from 1 on")
      }
      guard identifiers.insert(truth.identifier).inserted else {
        throw Failure(.badData, "\(name): the id is given twice", remedy: "give each annotation an id of its own")
      }
      guard truth.area.isFinite else { throw Failure(.badData, "\(name): the area is \(truth.area)") }
      try check(truth.box, truth.mask, name, &reference)
    }
    for (index, detection) in detections.enumerated() {
      let name = "image \(image), detection \(index + 1)"
      guard detection.score.isFinite else { throw Failure(.badData, "\(name): the score is \(detection.score)") }
      guard detection.area.isFinite else { throw Failure(.badData, "\(name): the area is \(detection.area)") }
      try check(detection.box, detection.mask, name, &reference)
    }
  }

  private func check(_ box: Rectangle, _ mask: RunLengths?, _ name: String, _ reference: inout RunLengths?) throws {
    guard box.isValid else {
      throw Failure(.badData, "\(name): the box \(box.x), \(box.y), \(box.width), \(box.height) is none")
    }
    guard kind == .masks else { return }
    guard let mask else { throw Failure(.badData, "\(name): there is no mask", remedy: "give its segmentation") }
    if let reference, (reference.height, reference.width) != (mask.height, mask.width) {
      throw Failure(
        .badData,
        "\(name): the mask has \(mask.width)x\(mask.height) pixels, others of the image "
          + "\(reference.width)x\(reference.height)",
        remedy: "give all masks of an image its size")
    }
    reference = mask
  }
}
