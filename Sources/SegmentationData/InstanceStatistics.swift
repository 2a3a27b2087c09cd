import Detection

/// How many instances a split has, and how large they are.
package struct InstanceStatistics: Equatable, Sendable {
  package private(set) var imageCount = 0
  /// Images with nothing but background, or crowds.
  package private(set) var emptyImageCount = 0
  /// Crowds are not counted here.
  package private(set) var count = 0
  package private(set) var crowdCount = 0
  /// In one image.
  package private(set) var most = 0
  /// By the mask's pixels, bounded as COCO's metric bounds them: below 32 x 32, below 96 x 96, and the others.
  package private(set) var smallCount = 0
  package private(set) var mediumCount = 0
  package private(set) var largeCount = 0

  package init() {}

  /// Those of an image.
  init(_ instances: InstanceAnnotations) {
    for (mask, isCrowd) in zip(instances.masks, instances.isCrowd) {
      guard !isCrowd else {
        crowdCount += 1
        continue
      }
      count += 1
      switch mask.area {
      case ..<(32 * 32): smallCount += 1
      case ..<(96 * 96): mediumCount += 1
      default: largeCount += 1
      }
    }
    imageCount = 1
    emptyImageCount = count == 0 ? 1 : 0
    most = count
  }

  func adding(_ other: InstanceStatistics) -> InstanceStatistics {
    var sum = self
    sum.imageCount += other.imageCount
    sum.emptyImageCount += other.emptyImageCount
    sum.count += other.count
    sum.crowdCount += other.crowdCount
    sum.most = max(most, other.most)
    sum.smallCount += other.smallCount
    sum.mediumCount += other.mediumCount
    sum.largeCount += other.largeCount
    return sum
  }
}
