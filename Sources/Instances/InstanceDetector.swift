import Basics
import Detection
import Kernels
import Model

/// Finds instances with a trained network (He et al. 2017; torchvision's `RoIHeads` with its order of steps).
package final class InstanceDetector {
  /// An image's size before and after it was resized, without padding.
  package struct ImageSize: Equatable, Sendable {
    package let original: (height: Int, width: Int)
    package let resized: (height: Int, width: Int)

    package init(original: (height: Int, width: Int), resized: (height: Int, width: Int)) {
      self.original = original
      self.resized = resized
    }

    package static func == (a: ImageSize, b: ImageSize) -> Bool { a.original == b.original && a.resized == b.resized }
  }

  /// A class that a region may be of.
  private struct Candidate {
    let box: Box
    let category: Int
    let score: Float
  }

  /// Detections with a shorter side, in pixels, are dropped.
  private static let shortestSide: Float = 1e-2

  private let settings: DetectionSettings

  package init(_ settings: DetectionSettings) { self.settings = settings }

  /// What is in the images of a batch, best first.
  ///
  /// - Parameters:
  ///   - plan: not for training.
  ///   - pixels: [images, height, width, channels], normalised, zero in the padding.
  package func detect(
    _ plan: Plan, _ pixels: UnsafePointer<Float>, _ memory: ParameterMemory, sizes: [ImageSize]
  ) -> [[DetectedObject]] {
    precondition(sizes.count == plan.images)
    let outputs = ProposalOutputs(plan, settings)
    var proposals: [[Box]] = []
    var found: [[Candidate]] = []
    _ = plan.forward(pixels, memory, dropoutKeys: nil) { head in
      switch head {
      case .box:
        outputs.read(plan)
        proposals = sizes.enumerated().map { image, size in
          outputs.proposals(
            ofImage: image, height: size.resized.height, width: size.resized.width, limits: settings.testProposals
          ).boxes
        }
        place(proposals, in: plan.regions[.box])
      case .mask:
        found = candidates(plan, proposals, sizes)
        let places = plan.regions[.mask]?.countPerImage ?? 1
        place(found.map { $0.prefix(places).map(\.box) }, in: plan.regions[.mask])
      }
    }
    return objects(found, masks(plan, found), sizes)
  }

  /// The masks of all candidates, as many at a time as the plan has places.
  private func masks(_ plan: Plan, _ found: [[Candidate]]) -> [[[Float]]] {
    let places = plan.regions[.mask]?.countPerImage ?? 1
    var masks: [[[Float]]] = found.map { _ in [] }
    var first = 0
    while true {
      let logits = plan.floats(ofOutput: MaskRCNNOutput.masks)
      for (image, candidates) in found.enumerated() {
        for (place, candidate) in candidates.dropFirst(first).prefix(places).enumerated() {
          masks[image].append(mask(of: candidate, logits, row: image * places + place, plan))
        }
      }
      first += places
      guard found.contains(where: { $0.count > first }) else { return masks }
      place(found.map { $0.dropFirst(first).prefix(places).map(\.box) }, in: plan.regions[.mask])
      plan.forwardMaskHead()
    }
  }

  /// Probabilities of the candidate's own class.
  private func mask(of candidate: Candidate, _ logits: [Float], row: Int, _ plan: Plan) -> [Float] {
    let classes = plan.outputShapes[MaskRCNNOutput.masks].channels
    let cells = DetectionSettings.maskSize * DetectionSettings.maskSize
    let first = row * cells * classes + candidate.category
    return (0..<cells).map { Float(1 / (1 + exponential(-Double(logits[first + $0 * classes])))) }
  }

  private func place(_ boxes: [[Box]], in table: RegionTable?) {
    guard let table else { preconditionFailure("a plan without regions") }
    table.removeAll()
    for (image, boxes) in boxes.enumerated() {
      for (place, box) in boxes.enumerated() { table.set(place, ofImage: image, box) }
    }
  }

  /// Of every region its box for every likely class, and of those the best that do not overlap.
  private func candidates(_ plan: Plan, _ proposals: [[Box]], _ sizes: [ImageSize]) -> [[Candidate]] {
    let logits = plan.floats(ofOutput: MaskRCNNOutput.classes)
    let offsets = plan.floats(ofOutput: MaskRCNNOutput.boxes)
    let classes = plan.outputShapes[MaskRCNNOutput.classes].channels
    let places = plan.regions[.box]?.countPerImage ?? 0
    return proposals.enumerated().map { image, boxes in
      var all: [Candidate] = []
      for (place, proposal) in boxes.enumerated() {
        let row = image * places + place
        let probabilities = Softmax.probabilities(logits[row * classes..<(row + 1) * classes]).values
        for category in 1..<max(classes, 1) where Float(probabilities[category]) > settings.boxScore {
          let first = 4 * (row * classes + category)
          let offsets = BoxCoder.Offsets(offsets[first], offsets[first + 1], offsets[first + 2], offsets[first + 3])
          let size = sizes[image].resized
          let box = BoxCoder.regions.decode(offsets, from: proposal).clipped(width: size.width, height: size.height)
          guard box.isAtLeast(Self.shortestSide) else { continue }
          all.append(Candidate(box: box, category: category, score: Float(probabilities[category])))
        }
      }
      let kept = Suppression.kept(
        all.map(\.box), scores: all.map(\.score), groups: all.map(\.category), threshold: settings.boxIoU)
      return kept.prefix(settings.detectionsPerImage).map { all[$0] }
    }
  }

  private func objects(
    _ found: [[Candidate]], _ masks: [[[Float]]], _ sizes: [ImageSize]
  ) -> [[DetectedObject]] {
    found.enumerated().map { image, candidates in
      let size = sizes[image]
      let x = Float(size.original.width) / Float(size.resized.width)
      let y = Float(size.original.height) / Float(size.resized.height)
      return zip(candidates, masks[image]).map { candidate, mask in
        let box = candidate.box
        return DetectedObject(
          box: Box(box.x1 * x, box.y1 * y, box.x2 * x, box.y2 * y), category: candidate.category,
          score: candidate.score, mask: mask)
      }
    }
  }
}
