import Basics
import Kernels
import Storage
import TestSupport
import Testing

/// RoIAlign on every backend.
@Suite struct RegionAlignTests {
  private func pooled(
    _ harness: PyramidHarness, _ map: [Float], _ alignment: RegionAlignment, _ boxes: [[Float]], images: Int = 1,
    levels: [Int]? = nil
  ) throws -> (result: [Float], regions: RegionTable) {
    let regions = try RegionTable(images: images, countPerImage: boxes.count / images)
    for (index, box) in boxes.enumerated() {
      let place = index.quotientAndRemainder(dividingBy: boxes.count / images)
      regions.set(
        place.remainder, ofImage: place.quotient, box: (box[0], box[1], box[2], box[3]), level: levels?[index] ?? 0)
    }
    let result = try harness.run(map, makes: alignment.destination(regions: boxes.count).count) {
      harness.backend.roiAlign([$0], alignment, regions, into: $1)
    }
    return (result, regions)
  }

  private func backward(
    _ harness: PyramidHarness, _ gradient: [Float], _ alignment: RegionAlignment, _ regions: RegionTable
  ) throws -> [Float] {
    let memory = try harness.activation(gradient)
    var sums = [Float](repeating: .nan, count: alignment.levels[0].shape.count)
    sums.withUnsafeMutableBufferPointer {
      if let base = $0.baseAddress { harness.backend.roiAlignBackward(memory.base, alignment, regions, into: [base]) }
    }
    return sums
  }

  /// The known 2 x 2 results on 0 ... 15 in a 4 x 4 map.
  @Test(arguments: PyramidHarness.all) func smallCasesAreTorchvisions(_ setting: PyramidHarness.Setting) throws {
    let harness = try setting.harness()
    let map = (0..<16).map { Float($0) }
    func check(_ box: [Float], samples: Int? = 2, isAligned: Bool = false, _ expected: [Float]) throws {
      let alignment = RegionAlignment(
        levels: [.init(shape: ActivationShape(images: 1, height: 4, width: 4, channels: 1), scale: 1)], size: 2,
        samples: samples, isAligned: isAligned)
      let result = try pooled(harness, map, alignment, [box]).result
      for (value, expected) in zip(result, expected) { #expect(abs(value - expected) <= harness.tolerance * expected) }
    }
    try check([0, 0, 3, 3], [3.75, 5.25, 9.75, 11.25])
    try check([0, 0, 3, 3], isAligned: true, [1.5625, 3, 7.3125, 8.75])
    try check([0.5, 0.25, 2, 3.5], samples: nil, [5.125, 5.875, 11.4375, 12.1875])
  }

  /// RoIAlign is linear: the gradient is right where <align(x), g> = <x, backward(g)> for random x and g. Boxes are of
  /// every kind, some places have no region, and the number of threads changes no bit.
  @Test func gradientsAreAdjoint() throws {
    var random = Philox(seed: 4, purpose: .test, stream: 2)
    let odd: [Float] = [.nan, .infinity, -.infinity, 1e30, -1e30, 0]
    for round in 0..<40 {
      let shape = ActivationShape(
        images: 2, height: 1 + Int(random.next(below: 9)), width: 1 + Int(random.next(below: 9)),
        channels: 1 + Int(random.next(below: 80)))
      let alignment = RegionAlignment(
        levels: [.init(shape: shape, scale: 0.25)], size: round % 2 == 0 ? 7 : 14, samples: round % 3 == 0 ? nil : 2,
        isAligned: round % 4 < 2)
      var boxes = (0..<6).map { _ in (0..<4).map { _ in random.next(in: -12...48) } }
      if round % 5 == 4 { boxes[3][Int(random.next(below: 4))] = odd[Int(random.next(below: 6))] }
      let levels = [0, 0, -1, 0, 0, 0]
      let count = alignment.destination(regions: 6).count
      // Numbers of few bits: both precisions hold them.
      let map = (0..<shape.count).map { _ in Float(Int(random.next(below: 17)) - 8) / 8 }
      let gradient = (0..<count).map { _ in Float(Int(random.next(below: 17)) - 8) / 8 }
      var bits: [String: [[Float]]] = [:]
      for setting in PyramidHarness.all {
        let harness = try setting.harness()
        let (result, regions) = try pooled(harness, map, alignment, boxes, images: 2, levels: levels)
        let slope = try backward(harness, gradient, alignment, regions)
        let (left, right) = (zip(result, gradient), zip(map, slope))
        let sums = (
          left.reduce(0.0) { $0 + Double($1.0) * Double($1.1) }, right.reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
        )
        let scale = left.reduce(1.0) { $0 + abs(Double($1.0) * Double($1.1)) }
        #expect(
          abs(sums.0 - sums.1) < 10 * Double(harness.tolerance) * scale, "round \(round), \(setting.testDescription)")
        let place = 2 * count / 6..<3 * count / 6
        #expect(result[place].allSatisfy { $0 == 0 })
        bits["\(harness.backend.name) \(harness.precision)", default: []].append(result + slope)
      }
      for results in bits.values { #expect(results.allSatisfy { $0 == results[0] }) }
    }
  }

  @Test(
    .enabled(if: SharedFolder.golden != nil, "needs ../shared/golden"),
    arguments: PyramidHarness.all, ["plain-7", "plain-14", "aligned-7", "aligned-14"])
  func goldenCases(_ setting: PyramidHarness.Setting, _ name: String) throws {
    let harness = try setting.harness()
    let size = name.hasSuffix("14") ? 14 : 7
    let shape = ActivationShape(images: 2, height: 25, width: 34, channels: 6)
    let alignment = RegionAlignment(
      levels: [.init(shape: shape, scale: 0.25)], size: size, isAligned: name.hasPrefix("aligned"))
    let features = Self.channelsLast(try Self.values(name, "features"), 6, 25 * 34)
    let gradient = Self.channelsLast(try Self.values(name, "output_gradient"), 6, size * size)
    let rois = try Self.values(name, "rois")
    let regions = try RegionTable(images: 2, countPerImage: 7)
    // A region of the other image leaves its place empty.
    for index in 0..<7 {
      let roi = rois[5 * index..<5 * index + 5].map { $0 }
      regions.set(index, ofImage: Int(roi[0]), box: (roi[1], roi[2], roi[3], roi[4]), level: 0)
    }
    let cells = size * size * 6
    let result = try harness.run(features, makes: 14 * cells) {
      harness.backend.roiAlign([$0], alignment, regions, into: $1)
    }
    let places = (0..<7).map { Int(rois[5 * $0]) * 7 + $0 }
    let expected = Self.channelsLast(try Self.values(name, "output"), 6, size * size)
    let found = places.flatMap { result[$0 * cells..<($0 + 1) * cells] }
    Self.expectClose(found, expected, harness)
    var placed = [Float](repeating: 0, count: 14 * cells)
    for (index, place) in places.enumerated() {
      placed.replaceSubrange(place * cells..<(place + 1) * cells, with: gradient[index * cells..<(index + 1) * cells])
    }
    let slope = try backward(harness, placed, alignment, regions)
    Self.expectClose(slope, Self.channelsLast(try Self.values(name, "features_gradient"), 6, 25 * 34), harness)
  }

  private static func values(_ name: String, _ dataset: String) throws -> [Float] {
    let file = try HDF5File.open("\(SharedFolder.golden ?? "")/detection-operations.h5")
    return try file.root.group("roi_align").group(name).dataset(dataset).read(as: Double.self).map { Float($0) }
  }

  /// [n, channels, places] to [n, places, channels].
  private static func channelsLast(_ values: [Float], _ channels: Int, _ places: Int) -> [Float] {
    (0..<values.count).map { index in
      let (item, rest) = index.quotientAndRemainder(dividingBy: channels * places)
      return values[item * channels * places + rest % channels * places + rest / channels]
    }
  }

  private static func expectClose(_ values: [Float], _ expected: [Float], _ harness: PyramidHarness) {
    let largest = expected.map { abs($0) }.max() ?? 0
    let difference = zip(values, expected).map { abs($0 - $1) }.max() ?? .nan
    #expect(values.count == expected.count && difference <= 10 * harness.tolerance * largest)
  }
}
