import Basics
import Kernels
import Testing

@Suite struct PortableMaxPoolTests {
  static let shapes = [
    ActivationShape(images: 1, height: 4, width: 6, channels: 3),
    ActivationShape(images: 2, height: 5, width: 7, channels: 8),
    ActivationShape(images: 1, height: 1, width: 1, channels: 2),
    ActivationShape(images: 1, height: 3, width: 1, channels: 17),
  ]

  private func run(_ shape: ActivationShape, _ source: [Float], _ gradient: [Float]?) throws -> ([Float], [Float]) {
    let backend = try PortableBackend(precision: .float32, threads: 2)
    let operation = try backend.maxPool(source: shape, purpose: .training)
    var result = [Float](repeating: .nan, count: operation.destination.count)
    var workspace = [UInt8](repeating: 0xFF, count: operation.workspaceByteCount)
    operation.forward(source, into: &result, workspace: &workspace)
    var sourceGradient = [Float](repeating: .nan, count: shape.count)
    if let gradient { operation.backward(gradient, workspace: &workspace, into: &sourceGradient) }
    return (result, sourceGradient)
  }

  @Test(arguments: shapes) func forwardTakesTheLargestOfEachWindow(_ shape: ActivationShape) throws {
    let source = portableRandom(shape.count, stream: 1)
    let (result, _) = try run(shape, source, nil)
    var index = 0
    for image in 0..<shape.images {
      for y in 0..<(shape.height + 1) / 2 {
        for x in 0..<(shape.width + 1) / 2 {
          for channel in 0..<shape.channels {
            var largest = -Float.infinity
            for sy in 2 * y..<min(shape.height, 2 * y + 2) {
              for sx in 2 * x..<min(shape.width, 2 * x + 2) {
                largest = max(
                  largest, source[((image * shape.height + sy) * shape.width + sx) * shape.channels + channel])
              }
            }
            #expect(result[index] == largest)
            index += 1
          }
        }
      }
    }
    #expect(index == result.count)
  }

  @Test(arguments: shapes) func gradientAgreesWithDifferenceQuotients(_ shape: ActivationShape) throws {
    // Distinct multiples of 0.01 in random order: a step of 0.002 changes no window's choice.
    var source = (0..<shape.count).map { Float($0) * 0.01 }
    var generator = Philox(seed: 1, purpose: .test, stream: 9)
    for i in stride(from: source.count - 1, to: 0, by: -1) {
      source.swapAt(i, Int(generator.next(below: UInt32(i + 1))))
    }
    let outputs = try run(shape, source, nil).0.count
    let gradient = portableRandom(outputs, stream: 5)
    let sourceGradient = try run(shape, source, gradient).1
    let disagreement = gradientDisagreement(at: source, gradient: sourceGradient, step: 0.002, tolerance: 2e-3) {
      dot(gradient, (try? run(shape, $0, nil).0) ?? [])
    }
    #expect(disagreement == nil)
  }

  @Test func ofEqualMaximaTheFirstTakesTheGradient() throws {
    let shape = ActivationShape(images: 1, height: 2, width: 2, channels: 1)
    #expect(try run(shape, [0, 3, 3, 3], [5]).1 == [0, 5, 0, 0])
    #expect(try run(shape, [1, 1, 1, 1], [5]).1 == [5, 0, 0, 0])
  }

  @Test func aNotANumberIsNotLost() throws {
    let shape = ActivationShape(images: 1, height: 2, width: 2, channels: 1)
    for place in 0..<4 {
      var source: [Float] = [1, 2, 3, 4]
      source[place] = .nan
      #expect(try run(shape, source, nil).0[0].isNaN)
    }
  }
}
