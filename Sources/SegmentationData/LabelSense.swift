import Basics

/// Tells whether labels make sense: what people train on by mistake.
package enum LabelSense {
  /// One line for each thing that looks wrong, with the likely reason.
  ///
  /// - Parameter splits: those of one dataset. What is learned is `train`'s where it is among them.
  package static func warnings(_ splits: [LabelCounts]) -> [String] {
    let training = splits.first { $0.split == "train" }
    return splits.flatMap { split in
      if split.labelledCount == 0 { return [split.task == .instances ? nothing(split) : allIgnored(split)] }
      if split.task == .instances { return instances(split, training) }
      if split.split == "train" || training == nil { return alone(split) }
      guard let training, training.classNames == split.classNames, training.labelledCount > 0 else { return [] }
      return beside(split, training)
    }
  }

  private static func allIgnored(_ split: LabelCounts) -> String {
    "split \(split.split): every \(split.task.labelledUnit) is of no class, so that nothing is "
      + "\(split.split == "train" ? "learned" : "counted"); is the ignore label the value of a class (masks of 0 and 255)? See --values and --ignore of 'dataset import'"
  }

  private static func nothing(_ split: LabelCounts) -> String {
    "split \(split.split): not one instance\(split.ignoredCount > 0 ? " but crowds" : ""), so that nothing is "
      + "\(split.split == "train" ? "learned" : "counted")"
  }

  /// The background has no instances, and one class of things is as good as many.
  private static func instances(_ split: LabelCounts, _ training: LabelCounts?) -> [String] {
    if let training, training.split != split.split {
      guard training.classNames == split.classNames, training.labelledCount > 0 else { return [] }
      return beside(split, training)
    }
    let missing = split.pixelCounts.indices.dropFirst().filter { split.pixelCounts[$0] == 0 }
    guard !missing.isEmpty else { return [] }
    return [
      "split \(split.split): no instance of \(names(missing, split)): "
        + "\(missing.count == 1 ? "this class" : "these classes") cannot be learned"
    ]
  }

  private static func alone(_ split: LabelCounts) -> [String] {
    let occurring = split.occurring
    let isNumbered = split.classNames == split.classNames.indices.map { "class \($0)" }
    if occurring.count == 1 {
      let name = split.classNames[occurring[0]]
      return [
        "split \(split.split): all labelled \(split.task.labelledUnit)s are of one class, '\(name)', and a net that "
          + "always says so is right; is the other class's value the ignore label, or are the masks empty?"
      ]
    }
    if isNumbered, occurring.count > LabelOptions.valueLimit {
      return [
        "split \(split.split): \(occurring.count) classes without names, as of a photograph or of a mask that went "
          + "through JPEG; are the labels classes?"
      ]
    }
    let missing = split.pixelCounts.indices.filter { split.pixelCounts[$0] == 0 }
    var lines: [String] = []
    if isNumbered, let noise = noise(split) { lines.append(noise) }
    if isNumbered, !missing.isEmpty {
      lines.append(
        "split \(split.split): the labels use \(occurring.count) of the numbers 0 to \(split.classNames.count - 1) "
          + "(\(listed(occurring.map(String.init)))); do they start at 1, or are they grey values? State them with "
          + "--values")
    } else if !missing.isEmpty {
      lines.append(
        "split \(split.split): no \(split.task.labelledUnit) of \(names(missing, split)): "
          + "\(missing.count == 1 ? "this class" : "these classes") cannot be learned")
    }
    return lines
  }

  /// Many values on few pixels, as between the two values of a mask that was scaled or compressed.
  private static func noise(_ split: LabelCounts) -> String? {
    let occurring = split.occurring
    let rare = occurring.filter { split.pixelCounts[$0] * 200 < split.labelledCount }
    guard occurring.count >= 6, rare.count * 3 >= occurring.count * 2 else { return nil }
    let count = rare.reduce(0) { $0 + split.pixelCounts[$1] }
    return "split \(split.split): \(rare.count) of \(occurring.count) classes have \(count) pixels together: as when a "
      + "mask went through JPEG or was scaled with interpolation"
  }

  private static func beside(_ split: LabelCounts, _ training: LabelCounts) -> [String] {
    let unknown = split.occurring.filter { training.pixelCounts[$0] == 0 }
    let missing = training.occurring.filter { split.pixelCounts[$0] == 0 }
    var lines: [String] = []
    if !unknown.isEmpty {
      lines.append(
        "split \(split.split): \(names(unknown, split)) \(unknown.count == 1 ? "occurs" : "occur") here and never in "
          + "train, and cannot be learned; were the images divided by what they show?")
    }
    if !missing.isEmpty {
      lines.append(
        "split \(split.split): no \(split.task.labelledUnit) of \(names(missing, split)): "
          + "\(missing.count == 1 ? "this class is" : "these classes are") not measured")
    }
    return lines
  }

  private static func names(_ labels: [Int], _ split: LabelCounts) -> String {
    listed(labels.map { "'\(split.classNames[$0])'" })
  }

  private static func listed(_ texts: [String]) -> String {
    texts.prefix(6).joined(separator: ", ") + (texts.count > 6 ? " and \(texts.count - 6) more" : "")
  }
}
