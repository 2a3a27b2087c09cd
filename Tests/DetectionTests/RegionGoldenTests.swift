import Basics
import Detection
import Storage
import TestSupport
import Testing

/// Each operation against torchvision in float64. Skipped where ../shared/golden is not there.
@Suite(.serialized, .enabled(if: SharedFolder.golden != nil, "needs ../shared/golden"))
struct RegionGoldenTests {
  private static func values(_ path: String...) throws -> [Double] {
    var group = try HDF5File.open("\(SharedFolder.golden ?? "")/detection-operations.h5").root
    for name in path.dropLast() { group = try group.group(name) }
    let dataset = try group.dataset(path[path.count - 1])
    return dataset.type == .float32
      ? try dataset.read(as: Float.self).map(Double.init) : try dataset.read(as: Double.self)
  }

  private static func integers(_ path: String...) throws -> [Int] {
    var group = try HDF5File.open("\(SharedFolder.golden ?? "")/detection-operations.h5").root
    for name in path.dropLast() { group = try group.group(name) }
    return try group.dataset(path[path.count - 1]).read(as: Int64.self).map(Int.init)
  }

  private static func boxes(_ values: [Double]) -> [Box] {
    stride(from: 0, to: values.count, by: 4).map {
      Box(Float(values[$0]), Float(values[$0 + 1]), Float(values[$0 + 2]), Float(values[$0 + 3]))
    }
  }

  private static func numbers(_ boxes: [Box]) -> [Float] { boxes.flatMap { [$0.x1, $0.y1, $0.x2, $0.y2] } }

  private static func expectClose(_ values: [Float], _ expected: [Double], _ tolerance: Double = 1e-5) {
    #expect(values.count == expected.count)
    let scale = expected.reduce(1e-30) { max($0, abs($1)) }
    let difference = zip(values, expected).reduce(0) { $1.0.isNaN ? .infinity : max($0, abs(Double($1.0) - $1.1)) }
    #expect(difference <= tolerance * scale, "\(difference / scale) of the largest magnitude")
  }

  @Test func anchors() throws {
    let maps = try Self.integers("anchors", "maps")
    let anchors = zip([32, 64, 128] as [Float], [0, 1, 2]).flatMap { size, level in
      AnchorGrid(
        size: size, ratios: [0.5, 1, 2], rows: maps[2 * level], columns: maps[2 * level + 1], canvasHeight: 96,
        canvasWidth: 128
      ).anchors
    }
    #expect(anchors == Self.boxes(try Self.values("anchors", "anchors")))
  }

  @Test(arguments: [("1", BoxCoder.anchors), ("10", BoxCoder.regions)])
  func boxCoder(_ name: String, _ coder: BoxCoder) throws {
    let proposals = Self.boxes(try Self.values("box_coder", name, "proposals"))
    let boxes = Self.boxes(try Self.values("box_coder", name, "boxes"))
    let encoded = zip(boxes, proposals).flatMap { box, proposal in
      let offsets = coder.encode(box, from: proposal)
      return [offsets.dx, offsets.dy, offsets.dw, offsets.dh]
    }
    Self.expectClose(encoded, try Self.values("box_coder", name, "encoded"))
    let deltas = Self.boxes(try Self.values("box_coder", name, "deltas"))
    let decoded = deltas.enumerated().map { index, delta in
      coder.decode(.init(delta.x1, delta.y1, delta.x2, delta.y2), from: proposals[index / 3])
    }
    Self.expectClose(Self.numbers(decoded), try Self.values("box_coder", name, "decoded"))
  }

  @Test func suppression() throws {
    let boxes = Self.boxes(try Self.values("nms", "boxes"))
    let scores = try Self.values("nms", "scores").map { Float($0) }
    #expect(try Suppression.kept(boxes, scores: scores, threshold: 0.5) == Self.integers("nms", "keep_at_0_5"))
    #expect(try Suppression.kept(boxes, scores: scores, threshold: 0.7) == Self.integers("nms", "keep_at_0_7"))
  }

  @Test func matcher() throws {
    let overlaps = try Self.values("matcher", "iou").map { Float($0) }
    for (name, matcher) in [
      ("rpn", Matcher(foreground: 0.7, background: 0.3, keepsBest: true)),
      ("box", Matcher(foreground: 0.5, background: 0.5, keepsBest: false)),
    ] {
      let matches = matcher.matches(boxCount: 60, truthCount: 4) { box, truth in overlaps[truth * 60 + box] }
      #expect(try matches.map(Int.init) == Self.integers("matcher", name))
    }
  }

  @Test func smoothL1() throws {
    let (prediction, target) = (try Self.values("smooth_l1", "prediction"), try Self.values("smooth_l1", "target"))
    let sum = zip(prediction, target).reduce(Float(0)) { $0 + SmoothL1.value(Float($1.0) - Float($1.1)) }
    Self.expectClose([sum], try Self.values("smooth_l1", "sum"))
    for difference in [-2, -0.1, -0.01, 0, 0.05, 0.11, 0.3] as [Float] {
      let slope = (SmoothL1.value(difference + 1e-3) - SmoothL1.value(difference - 1e-3)) / 2e-3
      #expect(abs(slope - SmoothL1.slope(difference)) < 1e-2)
    }
  }

  @Test func maskTargets() throws {
    let masks = try Self.values("mask_targets", "masks").map { UInt8($0) }
    let boxes = Self.boxes(try Self.values("mask_targets", "boxes"))
    let targets = zip(boxes, try Self.integers("mask_targets", "matched")).flatMap { box, index in
      RegionTests.target(Array(masks[index * 4800..<(index + 1) * 4800]), 60, 80, box, size: 28)
    }
    Self.expectClose(targets, try Self.values("mask_targets", "targets"))
  }

  @Test func pasting() throws {
    let probabilities = try Self.values("paste", "probabilities").map { Float($0) }
    let pasted = try Self.boxes(try Self.values("paste", "boxes")).enumerated().flatMap { index, box in
      let map = Array(probabilities[index * 784..<(index + 1) * 784])
      let pasting = try map.withUnsafeBufferPointer { try MaskPasting($0, size: 28, box: box) }
      let values = pasting.probabilities(imageHeight: 60, imageWidth: 80)
      let runs = try pasting.runs(imageHeight: 60, imageWidth: 80)
      #expect(runs.bitmap() == values.map { $0 >= 0.5 ? 1 : 0 })
      return values
    }
    Self.expectClose(pasted, try Self.values("paste", "pasted"))
  }
}
