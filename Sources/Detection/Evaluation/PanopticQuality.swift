/// How well the instances of one image were found, as one number: the panoptic quality of its things (Kirillov et al. 2019,
/// "Panoptic Segmentation", equation 1). Instances may overlap here: the likelier one takes the better match.
package enum PanopticQuality {
  /// An instance of an image, or one that was found there.
  package struct Thing {
    package let category: Int
    package let mask: RunLengths
    package let isCrowd: Bool

    package init(category: Int, mask: RunLengths, isCrowd: Bool = false) {
      self.category = category
      self.mask = mask
      self.isCrowd = isCrowd
    }
  }

  /// The sum of the overlaps of all matches, divided by the number of matches and half of what was missed or invented.
  ///
  /// - Parameters:
  ///   - found: those that count, by falling score.
  ///   - truths: crowds are not looked for; what lies in one by half or more is not held against anybody.
  /// - Returns: 0 ... 1; 1 where there is nothing and nothing was found.
  /// - Throws: bad data where masks differ in size.
  package static func value(found: [Thing], truths: [Thing]) throws -> Double {
    let things = truths.filter { !$0.isCrowd }
    let crowds = truths.filter(\.isCrowd)
    var isFound = [Bool](repeating: false, count: things.count)
    var overlaps = 0.0
    var invented = 0
    for detection in found {
      var best: (place: Int, overlap: Double)?
      for (place, thing) in things.enumerated() where !isFound[place] && thing.category == detection.category {
        let overlap = try detection.mask.overlap(with: thing.mask, isCrowd: false)
        if overlap > 0.5, overlap > best?.overlap ?? 0 { best = (place, overlap) }
      }
      if let best {
        isFound[best.place] = true
        overlaps += best.overlap
        continue
      }
      let isInCrowd = try crowds.contains {
        try $0.category == detection.category && detection.mask.overlap(with: $0.mask, isCrowd: true) > 0.5
      }
      if !isInCrowd { invented += 1 }
    }
    let foundCount = isFound.count { $0 }
    let total = Double(foundCount) + Double(things.count - foundCount + invented) / 2
    return total == 0 ? 1 : overlaps / total
  }
}
