import Basics
import Detection

/// The regions of one image that the box head and the mask head are trained on.
struct RegionSample {
  struct Region {
    let box: Box
    /// 0 for background.
    let label: Int
    /// The instance's number; -1 for background.
    let instance: Int
  }

  /// Of the box head, in the order of the candidates: proposals, then the instances themselves.
  let regions: [Region]
  /// Indices in `regions` of those with an instance: what the mask head is trained on.
  let positives: [Int]

  init(_ proposals: Proposals, _ target: InstanceTarget, _ settings: DetectionSettings, _ sampler: RegionSampler) {
    let candidates = proposals.boxes + target.boxes
    let matcher = Matcher(
      foreground: settings.boxForegroundIoU, background: settings.boxBackgroundIoU, keepsBest: false)
    let matches = matcher.matches(boxes: candidates, truths: target.boxes)
    let places = settings.trainingRegions
    let choice = sampler.choose(matches, count: places.boxes, positiveLimit: places.masks, regions: true)
    let regions = (choice.positives + choice.negatives).sorted().map { index in
      let match = Int(matches[index])
      return Region(box: candidates[index], label: match < 0 ? 0 : target.classes[match], instance: match)
    }
    self.regions = regions
    positives = regions.indices.filter { regions[$0].label > 0 }
  }
}
