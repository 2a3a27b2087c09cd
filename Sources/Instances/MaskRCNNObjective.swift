import Basics
import Detection
import Kernels
import Model

/// One pass of Mask R-CNN forward and backward: chooses the regions that the heads are trained on, and gives the five
/// losses and their gradients (He et al. 2017, section 3; normalisers as docs/formats.md section 9 says: each image's own
/// counts).
package final class MaskRCNNObjective {
  private let settings: DetectionSettings
  private let seed: UInt64
  /// Of the padded sizes met last.
  private var outputs: [(plan: Plan, outputs: ProposalOutputs)] = []

  /// - Parameter seed: of the training; with a sample's random key it decides which regions are drawn.
  package init(_ settings: DetectionSettings, seed: UInt64) {
    self.settings = settings
    self.seed = seed
  }

  /// The losses of a batch, summed over its images, and the gradient of their sum times `scale`.
  ///
  /// - Parameters:
  ///   - plan: for training, of as many images as targets.
  ///   - pixels: [images, height, width, channels], normalised, zero in the padding.
  ///   - randomKeys: of the samples' visits, one per image.
  ///   - gradient, ready: as `Plan.backward`'s.
  package func backpropagate(
    _ plan: Plan, _ pixels: UnsafePointer<Float>, _ memory: ParameterMemory, targets: [InstanceTarget],
    randomKeys: [UInt64], scale: Float, into gradient: UnsafeMutablePointer<Float>, ready: (Range<Int>) -> Void
  ) -> InstanceLosses {
    precondition(targets.count == plan.images && randomKeys.count == plan.images)
    let proposals = proposalOutputs(of: plan)
    var anchors: [AnchorSample] = []
    var regions: [RegionSample] = []
    _ = plan.forward(pixels, memory, dropoutKeys: nil) { head in
      guard head == .box else { return }
      proposals.read(plan)
      for (image, target) in targets.enumerated() {
        let sampler = RegionSampler(seed: seed, randomKey: randomKeys[image])
        anchors.append(AnchorSample(proposals.anchors, target, settings, sampler))
        let found = proposals.proposals(
          ofImage: image, height: target.height, width: target.width, limits: settings.trainingProposals)
        regions.append(RegionSample(found, target, settings, sampler))
      }
      place(regions, plan)
    }
    var losses = InstanceLosses()
    let proposalLoss = ProposalLoss(outputs: proposals, samples: anchors, scale: scale)
    let headLoss = HeadLoss(plan: plan, samples: regions, targets: targets, scale: scale)
    plan.backward(into: gradient, ready: ready) { output, values in
      let count = plan.outputShapes[output].count
      switch output {
      case MaskRCNNOutput.classes: losses.classification += headLoss.classification(into: values, count: count)
      case MaskRCNNOutput.boxes: losses.box += headLoss.boxes(into: values, count: count)
      case MaskRCNNOutput.masks: losses.mask += headLoss.masks(into: values, count: count)
      case MaskRCNNOutput.offsets(level: 0)...:
        let level = output - MaskRCNNOutput.offsets(level: 0)
        losses.proposalBox += proposalLoss.offsets(level: level, into: values, count: count)
      default: losses.objectness += proposalLoss.objectness(level: output, into: values, count: count)
      }
    }
    return losses
  }

  /// Both heads' regions of all images; the mask head's are those with an instance.
  private func place(_ samples: [RegionSample], _ plan: Plan) {
    plan.chooseMaskPlaces(samples.map(\.positives.count).max() ?? 0)
    guard let boxes = plan.regions[.box], let masks = plan.regions[.mask] else {
      preconditionFailure("a plan without regions")
    }
    boxes.removeAll()
    masks.removeAll()
    for (image, sample) in samples.enumerated() {
      for (place, region) in sample.regions.enumerated() { boxes.set(place, ofImage: image, region.box) }
      for (place, region) in sample.positives.enumerated() {
        masks.set(place, ofImage: image, sample.regions[region].box)
      }
    }
  }

  private func proposalOutputs(of plan: Plan) -> ProposalOutputs {
    if let known = outputs.first(where: { $0.plan === plan }) { return known.outputs }
    let made = ProposalOutputs(plan, settings)
    // As many as the network keeps plans.
    if outputs.count == 16 { outputs.removeFirst() }
    outputs.append((plan, made))
    return made
  }
}
