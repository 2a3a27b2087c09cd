import Basics

/// COCO's twelve numbers, as pycocotools' `COCOeval.summarize` gives them; -1 where nothing could be measured.
package struct EvaluationSummary: Equatable, Sendable {
  /// What the twelve are called, in their order.
  package static let names = [
    "AP", "AP50", "AP75", "AP small", "AP medium", "AP large", "AR 1", "AR 10", "AR 100", "AR small", "AR medium",
    "AR large",
  ]
  package let values: [Double]
  /// The average precision of each class in all areas, ascending by id; -1 for a class without instances.
  package let categories: [(category: Int, averagePrecision: Double)]

  package static func == (a: EvaluationSummary, b: EvaluationSummary) -> Bool {
    a.values == b.values && a.categories.elementsEqual(b.categories, by: ==)
  }

  /// Joins the images in ascending order of their ids, whoever matched them and in whatever order they came.
  ///
  /// - Parameter categories: the ids of all classes of the data set; detections of others are left out.
  /// - Throws: bad data where an image is there twice.
  package init(_ images: [ImageMatches], categories: [Int]) throws {
    let sorted = images.sorted { $0.image < $1.image }
    for (first, second) in zip(sorted, sorted.dropFirst()) where first.image == second.image {
      throw Failure(
        .badData, "image \(first.image) is evaluated twice", remedy: "give each image once and an id of its own")
    }
    var parts: [Int: [ImageMatches.Category]] = [:]
    for image in sorted { for part in image.categories { parts[part.category, default: []].append(part) } }
    let curves = Set(categories).sorted().map { ($0, CategoryCurves(parts[$0] ?? [])) }
    self.init(curves)
  }

  private init(_ curves: [(category: Int, curves: CategoryCurves)]) {
    func mean(_ pick: (CategoryCurves) -> some Sequence<Double>) -> Double {
      var sum = 0.0
      var count = 0
      for (_, curve) in curves {
        for value in pick(curve) where value > -1 {
          sum += value
          count += 1
        }
      }
      return count == 0 ? -1 : sum / Double(count)
    }
    let points = EvaluationRules.recalls.count
    values =
      [
        mean { $0.precision[0] }, mean { $0.precision[0][..<points] },
        mean { $0.precision[0][(5 * points)..<(6 * points)] },
      ] + (1...3).map { area in mean { $0.precision[area] } }
      + (0...2).map { limit in mean { $0.recall[limit] } }
      + (3...5).map { area in mean { $0.recall[area] } }
    categories = curves.map { category, curve in
      let valid = curve.precision[0].filter { $0 > -1 }
      return (category, valid.isEmpty ? -1 : valid.reduce(0, +) / Double(valid.count))
    }
  }
}

/// Precision and recall of one class over all images.
struct CategoryCurves {
  /// For each range of areas, [thresholds, recalls], of at most 100 detections an image.
  private(set) var precision: [[Double]]
  /// [thresholds] of at most 1, 10 and 100 detections in all areas, then of small, medium and large ones.
  private(set) var recall: [[Double]]

  /// - Parameter images: in ascending order of their ids.
  init(_ images: [ImageMatches.Category]) {
    let areas = EvaluationRules.areas.count
    let thresholds = EvaluationRules.overlaps.count
    let absent = [Double](repeating: -1, count: thresholds)
    precision = .init(repeating: .init(repeating: -1, count: thresholds * EvaluationRules.recalls.count), count: areas)
    recall = .init(repeating: absent, count: EvaluationRules.detectionLimits.count + areas - 1)
    let order = Self.descendingOrder(images)
    for area in 0..<areas {
      let truths = images.reduce(0) { $0 + Int($1.truthCounts[area]) }
      guard truths > 0 else { continue }
      for threshold in 0..<thresholds {
        let curve = order.map { image, detection in
          images[image].outcomes[detection * areas + area] >> UInt32(threshold) & 0x1_0001
        }
        precision[area].replaceSubrange(
          (threshold * EvaluationRules.recalls.count)..<((threshold + 1) * EvaluationRules.recalls.count),
          with: Self.precisions(curve, truths))
        let limits = area == 0 ? Array(EvaluationRules.detectionLimits.enumerated()) : [(2 + area, 100)]
        for (place, limit) in limits {
          var found = 0
          for (outcome, entry) in zip(curve, order) where outcome == 1 && entry.detection < limit { found += 1 }
          recall[place][threshold] = Double(found) / Double(truths)
        }
      }
    }
  }

  /// All detections by score, of equal ones those of the earlier image and place first.
  private static func descendingOrder(
    _ images: [ImageMatches.Category]
  ) -> [(image: Int, detection: Int)] {
    var entries: [(score: Double, image: Int, detection: Int)] = []
    entries.reserveCapacity(images.reduce(0) { $0 + $1.scores.count })
    for (image, matches) in images.enumerated() {
      for (detection, score) in matches.scores.enumerated() { entries.append((score, image, detection)) }
    }
    entries.sort { a, b in
      if a.score != b.score { return a.score > b.score }
      return a.image != b.image ? a.image < b.image : a.detection < b.detection
    }
    return entries.map { ($0.image, $0.detection) }
  }

  /// The precision at each recall: the best that is reached at this recall or a higher one, 0 beyond the last.
  private static func precisions(_ outcomes: [UInt32], _ truths: Int) -> [Double] {
    var recalls: [Double] = []
    var precisions: [Double] = []
    var (hits, misses) = (0.0, 0.0)
    for outcome in outcomes {
      if outcome == 1 { hits += 1 } else if outcome == 0 { misses += 1 }
      recalls.append(hits / Double(truths))
      precisions.append(hits / (misses + hits + Double.ulpOfOne))
    }
    for index in stride(from: precisions.count - 1, to: 0, by: -1) where precisions[index] > precisions[index - 1] {
      precisions[index - 1] = precisions[index]
    }
    var place = 0
    return EvaluationRules.recalls.map { wanted in
      while place < recalls.count && recalls[place] < wanted { place += 1 }
      return place < recalls.count ? precisions[place] : 0
    }
  }
}
