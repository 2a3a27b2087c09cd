import Basics
import Detection
import Testing

/// Against bitmaps, pixel by pixel.
@Suite struct MaskResizeTests {
  private static let sizes = [
    (13, 17, 13, 17), (13, 17, 26, 34), (40, 9, 17, 31), (7, 50, 3, 4), (1, 1, 5, 5), (9, 8, 1, 1),
  ]

  @Test(arguments: [false, true]) func masksAreResizedByTheNearestPixelBefore(isFlipped: Bool) throws {
    for (stream, (height, width, newHeight, newWidth)) in (Self.sizes + Self.sizes + Self.sizes).enumerated() {
      let bitmap = RunLengthTests.bitmap(height, width, UInt64(stream))
      let mask = try RunLengthTests.runs(bitmap, height, width)
      let (down, across) = (Float(height) / Float(newHeight), Float(width) / Float(newWidth))
      let expected = (0..<newHeight * newWidth).map { place in
        let row = min(height - 1, Int(Float(place / newWidth) * down))
        let column = isFlipped ? newWidth - 1 - place % newWidth : place % newWidth
        return bitmap[row * width + min(width - 1, Int(Float(column) * across))]
      }
      let resized = mask.resized(height: newHeight, width: newWidth, isFlipped: isFlipped)
      #expect(resized == (try RunLengthTests.runs(expected, newHeight, newWidth)))
    }
  }

  @Test func numbersBecomeMasks() throws {
    var random = Philox(seed: 3, purpose: .test, stream: 1)
    for (height, width) in [(1, 1), (5, 9), (30, 20)] {
      let numbers = (0..<height * width).map { _ in [0, 0, 7, 65_535, 3][Int(random.next(below: 5))] as UInt16 }
      let things = RunLengths.things(in: numbers, height: height, width: width)
      #expect(things.map(\.number) == Set(numbers).subtracting([0]).sorted())
      for (number, mask) in things {
        #expect(mask == (try RunLengthTests.runs(numbers.map { $0 == number ? 1 : 0 }, height, width)))
      }
    }
  }
}
