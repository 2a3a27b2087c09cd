import Basics
import Detection
import Foundation
import TestSupport
import Testing

/// COCO's metric against pycocotools (2.0.11).
@Suite struct EvaluationTests {
  static func expectEqual(_ values: [Double], _ expected: [Double], _ name: String) {
    #expect(values.count == expected.count)
    for (index, (value, reference)) in zip(values, expected).enumerated() {
      #expect(abs(value - reference) < 1e-9, "\(name), \(EvaluationSummary.names[index]): \(value), not \(reference)")
    }
  }

  @Test func thresholdsAreNumpys() {
    #expect(EvaluationRules.overlaps[8] == 0.8999999999999999)
    #expect(EvaluationRules.overlaps[5] == 0.75)
    #expect(EvaluationRules.recalls[35] == 0.35000000000000003)
  }

  @Test func theToyHasTheKnownNumbers() throws {
    func box(_ x: Double, _ y: Double, _ w: Double, _ h: Double) -> Rectangle {
      Rectangle(x: x, y: y, width: w, height: h)
    }
    let first = try ImageMatches(
      image: 1,
      truths: [
        TruthInstance(identifier: 1, category: 1, box: box(10, 10, 40, 40), area: 1600),
        TruthInstance(identifier: 2, category: 1, box: box(60, 60, 20, 20), area: 400),
      ],
      detections: [
        DetectedInstance(category: 1, score: 0.9, box: box(12, 10, 40, 40)),
        DetectedInstance(category: 1, score: 0.8, box: box(30, 30, 30, 30)),
        DetectedInstance(category: 1, score: 0.7, box: box(60, 62, 20, 20)),
      ], kind: .boxes)
    let second = try ImageMatches(
      image: 2,
      truths: [TruthInstance(identifier: 3, category: 1, box: box(0, 0, 100, 100), area: 10000, isCrowd: true)],
      detections: [DetectedInstance(category: 1, score: 0.95, box: box(5, 5, 50, 50))], kind: .boxes)
    let values = try EvaluationSummary([second, first], categories: [1]).values
    let expected = [
      0.685479, 0.834983, 0.834983, 0.35, 0.9, -1, 0.45, 0.8, 0.8, 0.7, 0.9, -1,
    ]
    for (value, reference) in zip(values, expected) { #expect(abs(value - reference) < 1e-6) }
  }

  @Test(.enabled(if: SharedFolder.golden != nil, "needs ../shared/golden"), arguments: EvaluationKind.allCases)
  func theGoldenCaseIsEqual(_ kind: EvaluationKind) throws {
    let folder = "\(SharedFolder.golden ?? "")/coco-evaluation"
    let data = try COCOCase(truth: "\(folder)/ground-truth.json", detections: "\(folder)/detections.json")
    let expected = try COCOCase.object("\(folder)/expected.json")[kind.rawValue] as? [String: Double] ?? [:]
    let summary = try EvaluationSummary(data.matches(kind), categories: data.categories)
    Self.expectEqual(summary.values, EvaluationSummary.names.compactMap { expected[$0] }, kind.rawValue)
  }

  /// Any split into ranks and any order gives the same bits, through bytes too.
  @Test func theOrderOfImagesDoesNotMatter() throws {
    let images = try RandomDetections.images(60, stream: 1)
    let whole = try EvaluationSummary(images, categories: [1, 2, 3])
    let split = try (0..<3).map { rank in
      try ImageMatches.decode(ImageMatches.encode(images.filter { $0.image % 3 == rank }))
    }
    #expect(try EvaluationSummary(split[2] + split[0] + split[1], categories: [3, 1, 2, 2]) == whole)
    #expect(whole.values[0] > 0.01 && whole.values[0] < 0.99)
    #expect(throws: Failure.self) { try EvaluationSummary(images + [images[7]], categories: [1]) }
  }

  @Test func damagedBytesAreRefused() throws {
    let bytes = ImageMatches.encode(try RandomDetections.images(2, stream: 2))
    for count in 0..<bytes.count {
      #expect(throws: Failure.self) { try ImageMatches.decode(Array(bytes[..<count])) }
    }
    #expect(throws: Failure.self) { try ImageMatches.decode(bytes + [0]) }
    var large = bytes
    large[6] = 0x7F
    #expect(throws: Failure.self) { try ImageMatches.decode(large) }
  }

  @Test func whatPycocotoolsTakesSilentlyIsRefused() throws {
    let box = Rectangle(x: 0, y: 0, width: 3, height: 3)
    let truth = TruthInstance(identifier: 1, category: 1, box: box, area: 9)
    func match(_ truths: [TruthInstance], _ detections: [DetectedInstance] = [], _ kind: EvaluationKind = .boxes) throws
    {
      _ = try ImageMatches(image: 5, truths: truths, detections: detections, kind: kind)
    }
    var zero = truth
    zero.identifier = 0
    #expect(throws: Failure.self) { try match([zero]) }
    #expect(throws: Failure.self) { try match([truth, truth]) }
    #expect(throws: Failure.self) { try match([truth], [], .masks) }
    #expect(throws: Failure.self) { try match([], [DetectedInstance(category: 1, score: .nan, box: box)]) }
    var (small, large) = (truth, truth)
    large.identifier = 2
    small.mask = try .empty(height: 3, width: 3)
    large.mask = try .empty(height: 3, width: 4)
    #expect(throws: Failure.self) { try match([small, large], [], .masks) }
    let bad = Rectangle(x: 0, y: 0, width: -1, height: 3)
    #expect(throws: Failure.self) { try match([], [DetectedInstance(category: 1, score: 1, box: bad)]) }
  }

  @Test func fiveThousandImagesTakeSeconds() throws {
    let start = Date()
    let images = try RandomDetections.images(5000, stream: 3)
    let made = Date()
    _ = try EvaluationSummary(images, categories: [1, 2, 3])
    let (matching, joining) = (made.timeIntervalSince(start), Date().timeIntervalSince(made))
    print("5,000 images of about 12 detections: matching \(matching) s, joining \(joining) s")
    #expect(matching + joining < 60)
  }
}

/// Boxes around random places and detections near them.
enum RandomDetections {
  static func images(_ count: Int, stream: UInt64) throws -> [ImageMatches] {
    var random = Philox(seed: 3, purpose: .test, stream: stream)
    return try (0..<count).map { image in
      var truths: [TruthInstance] = []
      var detections: [DetectedInstance] = []
      for index in 0..<Int(random.next(below: 9)) {
        let category = 1 + Int(random.next(below: 3))
        let size = Double(random.next(in: 4...120))
        let box = Rectangle(
          x: Double(random.next(in: 0...200)), y: Double(random.next(in: 0...200)), width: size, height: size * 0.75)
        truths.append(
          TruthInstance(
            identifier: index + 1, category: category, box: box, area: box.area,
            isCrowd: random.next(below: 12) == 0))
        for _ in 0..<random.next(below: 7) {
          var moved = box
          moved.x += Double(random.next(in: -0.3...0.3)) * size
          moved.width *= Double(random.next(in: 0.8...1.2))
          detections.append(
            DetectedInstance(
              category: random.next(below: 8) == 0 ? 1 : category, score: Double(random.next(below: 100)) / 100,
              box: moved))
        }
      }
      return try ImageMatches(image: image, truths: truths, detections: detections, kind: .boxes)
    }
  }
}
