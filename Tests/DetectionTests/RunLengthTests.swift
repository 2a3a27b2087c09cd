import Basics
import Detection
import Testing

/// Expected texts, areas and boxes are pycocotools' (2.0.11).
@Suite struct RunLengthTests {
  /// Random blobs, [height, width].
  static func bitmap(_ height: Int, _ width: Int, _ stream: UInt64) -> [UInt8] {
    var random = Philox(seed: 7, purpose: .test, stream: stream)
    let density = random.nextUniform()
    var value: UInt8 = 0
    return (0..<height * width).map { _ in
      if random.nextUniform() < density { value = 1 - value }
      return value
    }
  }

  static func runs(_ bitmap: [UInt8], _ height: Int, _ width: Int) throws -> RunLengths {
    try bitmap.withUnsafeBufferPointer { try RunLengths(bitmap: $0, height: height, width: width) }
  }

  @Test func aSmallMaskHasCOCOsRunsAndText() throws {
    var bitmap = [UInt8](repeating: 0, count: 20)
    for y in 1...2 { for x in 1...3 { bitmap[y * 5 + x] = 1 } }
    let runs = try Self.runs(bitmap, 4, 5)
    #expect(runs.counts == [5, 2, 2, 2, 2, 2, 5])
    #expect(runs.text == "5220003")
    #expect(runs.area == 6)
    #expect(runs.boundingBox == Rectangle(x: 1, y: 1, width: 3, height: 2))
    #expect(try RunLengths(height: 4, width: 5, text: "5220003") == runs)
  }

  @Test(arguments: 0..<100) func bitmapsComeBack(_ stream: UInt64) throws {
    let (height, width) = (1 + Int(stream) % 13, 1 + Int(stream) * 7 % 29)
    let bitmap = Self.bitmap(height, width, stream)
    let runs = try Self.runs(bitmap, height, width)
    #expect(runs.bitmap() == bitmap)
    #expect(runs.area == bitmap.reduce(0) { $0 + Int($1) })
    #expect(try RunLengths(height: height, width: width, text: runs.text) == runs)
    #expect(try RunLengths(height: height, width: width, counts: runs.counts) == runs)
    let other = Self.bitmap(height, width, stream + 1000)
    let second = try Self.runs(other, height, width)
    let union = zip(bitmap, other).map { $0 | $1 }
    let intersection = zip(bitmap, other).map { $0 & $1 }
    #expect(try RunLengths.union([runs, second]) == Self.runs(union, height, width))
    #expect(try RunLengths.intersection([runs, second]) == Self.runs(intersection, height, width))
    let common = Double(intersection.reduce(0) { $0 + Int($1) })
    let joint = Double(union.reduce(0) { $0 + Int($1) })
    #expect(try runs.overlap(with: second, isCrowd: false) == (joint == 0 ? 0 : common / joint))
    #expect(try runs.overlap(with: second, isCrowd: true) == (common == 0 ? 0 : common / Double(runs.area)))
  }

  @Test func boxesSurroundTheMask() throws {
    for stream in 0..<50 {
      let bitmap = Self.bitmap(9, 11, UInt64(stream))
      let places = bitmap.indices.filter { bitmap[$0] == 1 }
      let (rows, columns) = (places.map { $0 / 11 }, places.map { $0 % 11 })
      var expected = Rectangle(x: 0, y: 0, width: 0, height: 0)
      if let left = columns.min(), let right = columns.max(), let top = rows.min(), let bottom = rows.max() {
        expected = Rectangle(
          x: Double(left), y: Double(top), width: Double(right - left + 1), height: Double(bottom - top + 1))
      }
      #expect(try Self.runs(bitmap, 9, 11).boundingBox == expected)
    }
  }

  @Test func emptyRunsWithinOthersVanish() throws {
    let runs = try RunLengths(height: 2, width: 5, counts: [0, 0, 3, 2, 0, 1, 4, 0])
    #expect(runs.counts == [3, 3, 4])
    #expect(try RunLengths(height: 2, width: 5, counts: [0, 10]).area == 10)
  }

  @Test(arguments: PolygonCase.all) func polygonsAreThoseOfPycocotools(_ polygon: PolygonCase) throws {
    let runs = try RunLengths(height: polygon.height, width: polygon.width, polygons: polygon.parts)
    #expect(runs.text == polygon.text)
    #expect(runs.area == polygon.area)
  }

  @Test func whatIsNoMaskIsRefused() {
    #expect(throws: Failure.self) { try RunLengths(height: 2, width: 2, counts: [1, 2]) }
    #expect(throws: Failure.self) { try RunLengths(height: 2, width: 2, counts: [.max, .max]) }
    #expect(throws: Failure.self) { try RunLengths(height: 0, width: 2, counts: []) }
    #expect(throws: Failure.self) { try RunLengths(height: .max, width: 2, counts: [1]) }
    #expect(throws: Failure.self) { try RunLengths(height: 4, width: 5, text: "522000") }
    #expect(throws: Failure.self) { try RunLengths(height: 4, width: 5, text: "5220003~") }
    #expect(throws: Failure.self) { try RunLengths(height: 4, width: 5, text: "522000o") }
    #expect(throws: Failure.self) { try RunLengths(height: 4, width: 5, text: "oooooooooooooooooooooo") }
    #expect(throws: Failure.self) { try RunLengths(height: 4, width: 5, polygon: [1, 1, 2, 2]) }
    #expect(throws: Failure.self) { try RunLengths(height: 4, width: 5, polygon: [1, 1, 2, 2, 3, .nan]) }
    #expect(throws: Failure.self) { try RunLengths(height: 4, width: 5, polygon: [1, 1, 2, 2, 3, 1e30]) }
    #expect(throws: Failure.self) { try RunLengths.union([.empty(height: 2, width: 3), .empty(height: 3, width: 2)]) }
    #expect(throws: Failure.self) { try RunLengths.union([]) }
  }
}
