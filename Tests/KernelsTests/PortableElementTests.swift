import Basics
import Kernels
import Testing

@Suite struct PortableElementTests {
  let backend: PortableBackend
  init() throws { backend = try PortableBackend(precision: .float32, threads: 2) }

  @Test func loadPutsPixelsIntoTheMiddleOfZeros() {
    let shape = ActivationShape(images: 2, height: 3, width: 2, channels: 3)
    let pixels = portableRandom(shape.count, stream: 1)
    var padded = [Float](repeating: .nan, count: 2 * 7 * 6 * 3)
    backend.load(pixels, shape: shape, padding: 2, into: &padded)
    var expected = [Float](repeating: 0, count: padded.count)
    for image in 0..<2 {
      for y in 0..<3 {
        for i in 0..<6 { expected[((image * 7 + y + 2) * 6 + 2) * 3 + i] = pixels[(image * 3 + y) * 6 + i] }
      }
    }
    #expect(padded == expected)
  }

  @Test func cropIsTheDefinitionAndUncropItsAdjoint() {
    let shape = ActivationShape(images: 2, height: 9, width: 8, channels: 3)
    let source = portableRandom(shape.count, stream: 1)
    let (height, width, offset) = (4, 3, 2)
    var cropped = [Float](repeating: .nan, count: 2 * height * width * 3)
    backend.crop(
      source, shape: shape, offset: offset, height: height, width: width, into: &cropped, accumulating: false)
    for image in 0..<2 {
      for y in 0..<height {
        for i in 0..<width * 3 {
          #expect(
            cropped[(image * height + y) * width * 3 + i]
              == source[((image * 9 + y + offset) * 8 + offset) * 3 + i])
        }
      }
    }
    var doubled = cropped
    backend.crop(source, shape: shape, offset: offset, height: height, width: width, into: &doubled, accumulating: true)
    #expect(doubled == cropped.map { $0 + $0 })
    let gradient = portableRandom(cropped.count, stream: 2)
    var spread = [Float](repeating: .nan, count: shape.count)
    backend.cropBackward(gradient, height: height, width: width, offset: offset, into: &spread, shape: shape)
    #expect(abs(dot(cropped, gradient) - dot(source, spread)) < 1e-4)
    #expect(spread.filter { $0 != 0 }.count == gradient.filter { $0 != 0 }.count)
  }

  @Test func scaleAddAndReluBackward() {
    let a = portableRandom(1001, stream: 1)
    let b = portableRandom(1001, stream: 2)
    var result = a
    backend.scale(a, by: 0.25, into: &result, count: a.count)
    #expect(result == a.map { $0 * 0.25 })
    backend.add(b, to: &result, count: b.count)
    #expect(result == zip(a, b).map { $0 * 0.25 + $1 })
    var gradient = b
    backend.reluBackward(output: a, gradient: &gradient, count: a.count, scale: 2)
    #expect(gradient == zip(a, b).map { $0 > 0 ? $1 * 2 : 0 })
  }

  /// The oneDNN backend promises the same bits: the rule is written down here once more.
  @Test(arguments: [Float(0.5), 0.1, 0.9]) func dropoutFollowsTheRule(_ rate: Float) {
    let keys: [UInt64] = [3, 0xDEAD_BEEF_0123_4567]
    let count = 10_003
    var activation = [Float](repeating: 1, count: 2 * count)
    backend.dropout(&activation, countPerImage: count, rate: rate, keys: keys)
    for (image, key) in keys.enumerated() {
      let generator = Philox(seed: key, purpose: .dropout, stream: 0)
      var dropped = 0
      for i in 0..<count {
        let number = generator.block(at: UInt64(i / 4))[i % 4]
        let isDropped = Float(number >> 8) * 0x1p-24 < rate
        #expect(activation[image * count + i] == (isDropped ? 0 : 1 / (1 - rate)))
        dropped += isDropped ? 1 : 0
      }
      #expect(abs(Float(dropped) / Float(count) - rate) < 0.02)
    }
    #expect(activation[..<count] != activation[count...])
  }

  @Test func bfloat16RoundsEveryActivation() throws {
    let rounding = try PortableBackend(precision: .bfloat16, threads: 1)
    let values = portableRandom(257, stream: 1)
    let isRounded = { (x: [Float]) in x.allSatisfy { $0.bitPattern & 0xFFFF == 0 } }
    var result = values
    rounding.load(
      values, shape: ActivationShape(images: 1, height: 1, width: 257, channels: 1), padding: 0, into: &result)
    #expect(isRounded(result))
    let loaded = result
    rounding.scale(loaded, by: 0.3, into: &result, count: 257)
    #expect(isRounded(result))
    rounding.add(loaded, to: &result, count: 257)
    #expect(isRounded(result))
    rounding.dropout(&result, countPerImage: 257, rate: 0.3, keys: [1])
    #expect(isRounded(result))
    rounding.reluBackward(output: loaded, gradient: &result, count: 257, scale: 1 / 0.7)
    #expect(isRounded(result))
  }
}
