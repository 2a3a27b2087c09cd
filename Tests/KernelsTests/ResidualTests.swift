import Basics
import Kernels
import Testing

/// The overlapping max pooling and the sum at the end of a residual block, on every backend.
@Suite struct ResidualTests {
  static let shapes = [
    ActivationShape(images: 2, height: 8, width: 10, channels: 3),
    ActivationShape(images: 1, height: 7, width: 5, channels: 19),
    ActivationShape(images: 1, height: 1, width: 1, channels: 2),
    ActivationShape(images: 2, height: 2, width: 1, channels: 33),
    ActivationShape(images: 1, height: 1, width: 6, channels: 64),
  ]

  private func run(
    _ setting: PyramidHarness.Setting, _ shape: ActivationShape, _ source: [Float], _ gradient: [Float]
  ) throws -> (result: [Float], sourceGradient: [Float]) {
    let harness = try setting.harness()
    let operation = try harness.backend.maxPool(.three, source: shape, purpose: .training)
    let workspace = try GuardedMemory(byteCount: operation.workspaceByteCount)
    let result = try harness.run(source, makes: operation.destination.count) {
      operation.forward($0, into: $1, workspace: workspace.base)
    }
    let sourceGradient = try harness.run(gradient, makes: shape.count) {
      operation.backward($0, workspace: workspace.base, into: $1)
    }
    return (result, sourceGradient)
  }

  /// The first elements of a window's pixels, in row order.
  private static func places(_ image: Int, _ y: Int, _ x: Int, _ shape: ActivationShape) -> [Int] {
    (max(0, 2 * y - 1)...min(shape.height - 1, 2 * y + 1)).flatMap { row in
      (max(0, 2 * x - 1)...min(shape.width - 1, 2 * x + 1)).map { column in
        ((image * shape.height + row) * shape.width + column) * shape.channels
      }
    }
  }

  private func wholeNumbers(_ count: Int, below limit: Int) -> [Float] {
    (0..<count).map { index -> Float in
      let mixed: Int = index * 37 + index / 7 * 11
      return Float(mixed % limit - limit / 2)
    }
  }

  /// Small whole numbers with many equals, exact in both precisions: the largest of each window, and the whole gradient
  /// of a window to the first of its largest in row order.
  @Test(arguments: PyramidHarness.all) func poolingIsTheDefinition(_ setting: PyramidHarness.Setting) throws {
    for shape in Self.shapes {
      let source = wholeNumbers(shape.count, below: 5)
      let (rows, columns) = ((shape.height + 1) / 2, (shape.width + 1) / 2)
      let gradient = wholeNumbers(shape.images * rows * columns * shape.channels, below: 7)
      var expected: [Float] = []
      var expectedGradient = [Float](repeating: 0, count: shape.count)
      for image in 0..<shape.images {
        for window in 0..<rows * columns {
          for channel in 0..<shape.channels {
            let places = Self.places(image, window / columns, window % columns, shape).map { $0 + channel }
            let largest = places.map { source[$0] }.max() ?? .nan
            let place = places.first { source[$0] == largest } ?? 0
            expectedGradient[place] += gradient[expected.count]
            expected.append(largest)
          }
        }
      }
      let found = try run(setting, shape, source, gradient)
      #expect(found.result == expected, "\(shape)")
      #expect(found.sourceGradient == expectedGradient, "\(shape)")
    }
  }

  /// PyTorch's max_pool2d(3, 2, 1), with equal values in many windows.
  @Test(arguments: PyramidHarness.all) func poolingIsPyTorchs(_ setting: PyramidHarness.Setting) throws {
    let found = try run(
      setting, ActivationShape(images: 1, height: 5, width: 6, channels: 2),
      [
        2, 0, 0, -2, 3, 0, -1, 1, -1, 2, 0, -1, -3, -2, -2, 0, 1, 3, 0, 1, -3, 0, -1, 1, 0, -3, -1, -1, 0, -2, 1, 0, 0,
        -1, 0, -2, 2, 3, 1, 3, 0, -2, 2, 3, 3, 2, 1, 3, 1, 3, -3, 3, 0, 3, -1, 2, -2, -2, 0, -2,
      ], [7, 5, 1, 3, 7, 1, 6, 8, 6, 6, 2, 1, 3, 2, 2, 6, 6, 8])
    #expect(found.result == [2, 0, 3, 3, 0, 2, 2, 3, 2, 3, 3, 3, 2, 3, 2, 3, 3, 3])
    #expect(
      found.sourceGradient == [
        7, 5, 0, 0, 1, 0, 0, 0, 0, 1, 7, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9,
        10, 0, 6, 0, 0, 8, 9, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
      ])
  }

  @Test(arguments: PyramidHarness.all) func notANumberIsNotLost(_ setting: PyramidHarness.Setting) throws {
    let shape = ActivationShape(images: 1, height: 2, width: 2, channels: 1)
    #expect(try run(setting, shape, [1, .nan, 3, 4], [1]).result[0].isNaN)
    let harness = try setting.harness()
    let (source, sum) = (try harness.activation([.nan, -1, 2]), try harness.activation([1, .nan, -1]))
    harness.backend.addRectified(source.base, to: sum.base, count: 3)
    let values = harness.floats(sum, 3)
    #expect(values[0].isNaN && values[1].isNaN && values[2] == 1)
  }

  @Test(arguments: PyramidHarness.all) func sumsAreRectified(_ setting: PyramidHarness.Setting) throws {
    let harness = try setting.harness()
    for count in [1, 17, 70_001] {
      let source = wholeNumbers(count, below: 61)
      let before = wholeNumbers(count, below: 53)
      let sum = try harness.activation(before)
      let identity = try harness.activation(source)
      harness.backend.addRectified(identity.base, to: sum.base, count: count)
      #expect(harness.floats(sum, count) == zip(source, before).map { max(0, $0 + $1) })
      #expect(harness.floats(identity, count) == source)
    }
  }
}
