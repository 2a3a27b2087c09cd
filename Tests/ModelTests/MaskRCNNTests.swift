import Basics
import Detection
import Instances
import Kernels
import Model
import Testing

/// Mask R-CNN on made instances: what golden cases don't look at.
@Suite(.serialized)
struct MaskRCNNTests {
  private static let precisions = Precision.allCases.filter(OneDNNBackend.supports)
  private static let size = (height: 64, width: 96)

  private static let configuration = {
    var detection = DetectionSettings()
    (detection.pyramidChannels, detection.boxFeatures, detection.maskChannels, detection.maskLayers) = (8, 12, 9, 2)
    detection.anchorSizes = [12, 24, 40, 60, 90]
    (detection.boxBatchPerImage, detection.detectionsPerImage, detection.boxScore) = (24, 10, 0.01)
    detection.trainingProposals = Proposals.Limits(before: 60, after: 40)
    detection.testProposals = Proposals.Limits(before: 60, after: 30)
    return ModelConfiguration(
      architecture: .maskRCNN, widths: [8, 8, 8, 16, 16], dropout: 0, classes: 4, detection: detection)
  }()

  private static func harness(_ backend: any Backend) throws -> ModelHarness {
    let harness = try ModelHarness(configuration, backend: backend, reference: (2, size.height, size.width))
    // Layers that start as small numbers hide what is before them.
    for (index, parameter) in harness.network.parameters.parameters.enumerated() {
      let count = parameter.canonicalCount
      let deviation = parameter.kind == .bias ? 0.1 : (2 / Float(count / parameter.canonicalShape[0])).squareRoot()
      try parameter.importCanonical(
        modelRandom(count, stream: UInt64(300 + index)).map { $0 * deviation * 1.7 }, into: harness.master.floats())
    }
    harness.prepare()
    return harness
  }

  private static func pixels(_ image: Int) -> [Float] {
    modelRandom(size.height * size.width * 3, stream: UInt64(10 + image))
  }

  private static func target(_ image: Int) throws -> InstanceTarget {
    let boxes = image == 0 ? [Box(4, 6, 30, 40), Box(40, 10, 90, 60)] : [Box(20.5, 20, 50, 44)]
    return InstanceTarget(
      height: size.height, width: size.width, boxes: boxes, classes: boxes.indices.map { 1 + ($0 + image) % 3 },
      masks: try boxes.map { box in
        let bitmap = (0..<size.height * size.width).map { place -> UInt8 in
          let (y, x) = (Float(place / size.width), Float(place % size.width))
          return x >= box.x1 && x < box.x2 && y >= box.y1 && y < box.y2
            && (x + y).truncatingRemainder(dividingBy: 7) > 1
            ? 1 : 0
        }
        return try bitmap.withUnsafeBufferPointer {
          try RunLengths(bitmap: $0, height: size.height, width: size.width)
        }
      })
  }

  /// Losses and gradients of a step over some of the images, then what is detected in them.
  private static func results(
    _ harness: ModelHarness, images: [Int]
  ) throws -> (losses: InstanceLosses, gradient: [Float], objects: [[DetectedObject]]) {
    let pixels = images.flatMap { Self.pixels($0) }
    let plan = try harness.network.plan(images: images.count, height: size.height, width: size.width, training: true)
    let losses = MaskRCNNObjective(configuration.detection, seed: 3).backpropagate(
      plan, pixels, harness.memory, targets: try images.map { try target($0) },
      randomKeys: images.map { UInt64(70 + $0) }, scale: 0.5, into: harness.gradient.floats(), ready: { _ in })
    let gradient = Array(
      UnsafeBufferPointer(start: harness.gradient.floats(), count: harness.network.parameters.floatCount))
    let testPlan = try harness.network.plan(
      images: images.count, height: size.height, width: size.width, training: false)
    let objects = InstanceDetector(configuration.detection).detect(
      testPlan, pixels, harness.memory,
      sizes: images.map { _ in .init(original: (size.height / 2, size.width / 2), resized: size) })
    return (losses, gradient, objects)
  }

  private static func numbers(_ objects: [[DetectedObject]]) -> [Float] {
    objects.flatMap {
      $0.flatMap { [$0.box.x1, $0.box.y1, $0.box.x2, $0.box.y2, $0.score, Float($0.category)] + $0.mask }
    }
  }

  @Test(.enabled(if: OneDNNBackend.unavailabilityReason == nil, "needs oneDNN"), arguments: precisions, [1, 2, 3])
  func nothingIsTouchedBeyondItsBuffer(_ precision: Precision, _ threads: Int) throws {
    let backend = try OneDNNBackend.make(precision: precision, threads: threads)
    let plain = try Self.results(Self.harness(backend), images: [0, 1])
    let guarded = try Self.results(Self.harness(GuardedBackend(backend)), images: [0, 1])
    #expect(plain.losses == guarded.losses && plain.gradient == guarded.gradient)
    #expect(Self.numbers(plain.objects) == Self.numbers(guarded.objects))
    #expect(plain.gradient.allSatisfy(\.isFinite) && plain.losses.values.allSatisfy { $0 > 0 })
    #expect(plain.objects.allSatisfy { !$0.isEmpty })
  }

  /// Boxes are in the original image, which is half as large.
  @Test func detectionsAreInTheOriginalImage() throws {
    let found = try Self.results(Self.harness(PortableBackend(precision: .float32, threads: 2)), images: [0, 1]).objects
    for object in found.joined() {
      #expect(object.box.x2 <= 48 && object.box.y2 <= 32 && object.box.x1 >= 0 && object.box.y1 >= 0)
      #expect(object.box.width > 0 && object.box.height > 0 && (1..<4).contains(object.category))
      #expect(object.mask.count == 784 && object.mask.allSatisfy { $0 >= 0 && $0 <= 1 })
    }
  }

  /// An image's losses, gradients and detections do not depend on the images beside it.
  @Test func imagesDoNotDisturbEachOther() throws {
    let harness = try Self.harness(PortableBackend(precision: .float32, threads: 2))
    let both = try Self.results(harness, images: [0, 1])
    let single = try [0, 1].map { try Self.results(harness, images: [$0]) }
    var losses = single[0].losses
    losses += single[1].losses
    for (a, b) in zip(both.losses.values, losses.values) { #expect(abs(a - b) < 1e-5 * abs(b)) }
    let sum = zip(single[0].gradient, single[1].gradient).map { $0 + $1 }
    #expect(relativeDifference(both.gradient, sum) < 1e-5)
    #expect(Self.numbers(both.objects) == single.flatMap { Self.numbers($0.objects) })
  }

  /// The mask head has places for the regions that there are, and gives what it gives with all its places.
  @Test(arguments: [false, true]) func fewInstancesTakeFewPlaces(_ usesOneDNN: Bool) throws {
    if usesOneDNN, OneDNNBackend.unavailabilityReason != nil { return }
    let backend: any Backend =
      try usesOneDNN
      ? OneDNNBackend.make(precision: .float32, threads: 2) : PortableBackend(precision: .float32, threads: 2)
    let harness = try Self.harness(backend)
    let plan = try harness.network.plan(images: 1, height: Self.size.height, width: Self.size.width, training: true)
    let pixels = Self.pixels(0)
    let shape = plan.outputShapes[MaskRCNNOutput.masks]
    #expect(shape.images == 6)
    func gradient(places: Int) -> [Float] {
      _ = plan.forward(pixels, harness.memory, dropoutKeys: nil) { head in
        guard head == .mask else { return }
        plan.chooseMaskPlaces(places)
        plan.regions[.mask]?.removeAll()
        for place in 0..<3 {
          plan.regions[.mask]?.set(place, ofImage: 0, box: (4, 6, 30 + 9 * Float(place), 50), level: place)
        }
      }
      plan.backward(into: harness.gradient.floats()) { output, values in
        let count = plan.outputShapes[output].count
        values.update(repeating: 0, count: count)
        guard output == MaskRCNNOutput.masks else { return }
        for i in 0..<3 * shape.count / 6 { values[i] = Float(i % 7) - 3 }
      }
      return Array(UnsafeBufferPointer(start: harness.gradient.floats(), count: harness.network.parameters.floatCount))
    }
    let all = gradient(places: 6)
    #expect(plan.outputShapes[MaskRCNNOutput.masks].images == 6)
    let few = gradient(places: 3)
    #expect(plan.outputShapes[MaskRCNNOutput.masks].images == 4)
    #expect(relativeDifference(few, all) < 1e-5)
    #expect(gradient(places: 6) == all && gradient(places: 1) == few)
  }

  /// The gradient of the losses by finite differences, where no choice of regions changes: in the heads' own layers.
  @Test func gradientsAreSlopesOfTheLosses() throws {
    let harness = try Self.harness(PortableBackend(precision: .float32, threads: 2))
    let plain = try Self.results(harness, images: [0, 1])
    for name in [
      "box_fc6/weight", "cls_score/weight", "bbox_pred/bias", "mask_fcn1/weight", "mask_deconv/weight",
      "mask_deconv/bias", "mask_logits/weight",
    ] {
      guard let parameter = harness.network.parameters[name] else { throw Failure(.internalError, name) }
      let values = parameter.exportCanonical(from: harness.master.floats())
      let slopes = parameter.exportCanonical(from: plain.gradient)
      guard let steepest = slopes.indices.max(by: { abs(slopes[$0]) < abs(slopes[$1]) }) else { continue }
      let step: Float = 1e-2 * max(abs(values[steepest]), 0.1)
      let moved = try [step, -step].map { offset -> Double in
        var changed = values
        changed[steepest] += offset
        try parameter.importCanonical(changed, into: harness.master.floats())
        harness.prepare()
        return try Self.results(harness, images: [0, 1]).losses.sum * 0.5
      }
      try parameter.importCanonical(values, into: harness.master.floats())
      let slope = (moved[0] - moved[1]) / Double(2 * step)
      #expect(abs(slope - Double(slopes[steepest])) < 2e-2 * abs(slope), "\(name): \(slopes[steepest]), \(slope)")
    }
  }

  @Test(.enabled(if: precisions.contains(.bfloat16), "needs bfloat16 in oneDNN"))
  func bfloat16StaysNearFloat32() throws {
    let exact = try Self.results(Self.harness(OneDNNBackend.make(precision: .float32, threads: 2)), images: [0, 1])
    let coarse = try Self.results(Self.harness(OneDNNBackend.make(precision: .bfloat16, threads: 2)), images: [0, 1])
    for (a, b) in zip(coarse.losses.values, exact.losses.values) { #expect(abs(a - b) < 0.1 * b) }
  }

  @Test func anImageWithoutInstancesIsBackground() throws {
    let harness = try Self.harness(PortableBackend(precision: .float32, threads: 2))
    let plan = try harness.network.plan(images: 1, height: Self.size.height, width: Self.size.width, training: true)
    let nothing = InstanceTarget(height: Self.size.height, width: Self.size.width, boxes: [], classes: [], masks: [])
    let losses = MaskRCNNObjective(Self.configuration.detection, seed: 3).backpropagate(
      plan, Self.pixels(0), harness.memory, targets: [nothing], randomKeys: [1], scale: 1,
      into: harness.gradient.floats(), ready: { _ in })
    #expect(losses.proposalBox == 0 && losses.box == 0 && losses.mask == 0)
    #expect(losses.objectness > 0 && losses.classification > 0)
    guard let mask = harness.network.parameters["mask_logits/weight"] else { throw Failure(.internalError, "a layer") }
    #expect(mask.exportCanonical(from: harness.gradient.floats()).allSatisfy { $0 == 0 })
  }
}
