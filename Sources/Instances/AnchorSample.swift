import Basics
import Detection

/// The anchors of one image that the region proposal network is trained on.
struct AnchorSample {
  /// Anchors that have an instance, and those of background; numbered over all levels.
  let choice: RegionSampler.Choice
  /// Where the instance lies from each anchor of `choice.positives`.
  let targets: [BoxCoder.Offsets]

  init(_ anchors: PyramidAnchors, _ target: InstanceTarget, _ settings: DetectionSettings, _ sampler: RegionSampler) {
    let matcher = Matcher(
      foreground: settings.proposalForegroundIoU, background: settings.proposalBackgroundIoU, keepsBest: true)
    let matches = matcher.matches(boxes: anchors.boxes, truths: target.boxes)
    choice = sampler.choose(
      matches, count: settings.proposalBatchPerImage, positiveFraction: settings.proposalPositiveFraction,
      regions: false)
    targets = choice.positives.map {
      BoxCoder.anchors.encode(target.boxes[Int(matches[$0])], from: anchors.boxes[$0])
    }
  }

  var count: Int { choice.positives.count + choice.negatives.count }
}
