/// Matching within one image and one class.
struct CategoryMatcher {
  private let truths: [TruthInstance]
  /// By score, descending, at most 100.
  private let detections: [DetectedInstance]
  /// [detections, truths]
  private let overlaps: [Double]

  init(truths: [TruthInstance], detections: [DetectedInstance], kind: EvaluationKind) {
    let order = detections.indices.sorted { a, b in
      detections[a].score != detections[b].score ? detections[a].score > detections[b].score : a < b
    }
    let chosen = order.prefix(EvaluationRules.detectionLimit).map { detections[$0] }
    self.truths = truths
    self.detections = chosen
    switch kind {
    case .boxes:
      overlaps = chosen.flatMap { detection in
        truths.map { detection.box.overlap(with: $0.box, isCrowd: $0.isCrowd) }
      }
    case .masks: overlaps = Self.maskOverlaps(chosen, truths)
    }
  }

  /// Runs are compared only where their boxes meet.
  private static func maskOverlaps(_ detections: [DetectedInstance], _ truths: [TruthInstance]) -> [Double] {
    let boxes = truths.map { $0.mask?.boundingBox }
    return detections.flatMap { detection -> [Double] in
      let box = detection.mask?.boundingBox
      return truths.indices.map { index -> Double in
        guard let box, let truthBox = boxes[index], let mask = detection.mask, let truthMask = truths[index].mask,
          box.overlap(with: truthBox, isCrowd: false) > 0
        else { return 0 }
        return mask.unionFreeOverlap(truthMask, isCrowd: truths[index].isCrowd)
      }
    }
  }

  func matches(_ category: Int) -> ImageMatches.Category {
    var outcomes = [UInt32](repeating: 0, count: detections.count * EvaluationRules.areas.count)
    var counts: [Int32] = []
    for (area, range) in EvaluationRules.areas.enumerated() {
      let isIgnored = truths.map { $0.isCrowd || !range.contains($0.area) }
      counts.append(Int32(isIgnored.count { !$0 }))
      let order = truths.indices.filter { !isIgnored[$0] } + truths.indices.filter { isIgnored[$0] }
      for threshold in EvaluationRules.overlaps.indices {
        match(order, isIgnored, threshold) { detection, truth in
          var bits: UInt32 = truth == nil ? 0 : 1
          let isOut = truth.map { isIgnored[$0] } ?? !range.contains(detections[detection].area)
          if isOut { bits |= 1 << 16 }
          outcomes[detection * EvaluationRules.areas.count + area] |= bits << UInt32(threshold)
        }
      }
    }
    return ImageMatches.Category(
      category: category, truthCounts: counts, scores: detections.map(\.score), outcomes: outcomes)
  }

  /// Gives each detection in turn the best instance that is left, those that count before the ignored ones.
  private func match(
    _ order: [Int], _ isIgnored: [Bool], _ threshold: Int, _ report: (_ detection: Int, _ truth: Int?) -> Void
  ) {
    var isTaken = [Bool](repeating: false, count: truths.count)
    for detection in detections.indices {
      var best = min(EvaluationRules.overlaps[threshold], 1 - 1e-10)
      var match: Int?
      for truth in order {
        if isTaken[truth] && !truths[truth].isCrowd { continue }
        if let match, !isIgnored[match], isIgnored[truth] { break }
        let overlap = overlaps[detection * truths.count + truth]
        if overlap < best { continue }
        best = overlap
        match = truth
      }
      if let match { isTaken[match] = true }
      report(detection, match)
    }
  }
}
