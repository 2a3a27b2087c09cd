import Basics

/// What is taken from pixel values before the network sees them: `(pixel - mean[c]) / deviation[c]`.
package struct Normalisation: Equatable, Sendable {
  /// One per channel.
  package var mean: [Float]
  package var std: [Float]

  package init(mean: [Float], std: [Float]) {
    self.mean = mean
    self.std = std
  }

  /// - Throws: `Failure(.configuration)` naming the key.
  package func validate(channels: Int) throws {
    for (key, values) in [("data.mean", mean), ("data.std", std)] where values.count != channels {
      throw Failure(.configuration, "\(key) has \(values.count) values for images of \(channels) channels")
    }
    guard mean.allSatisfy(\.isFinite) else { throw Failure(.configuration, "data.mean has to be finite") }
    guard std.allSatisfy({ $0.isFinite && $0 > 0 }) else {
      throw Failure(.configuration, "data.std has to be above 0 in every channel")
    }
  }
}

/// How training changes images and labels together.
package struct AugmentationSettings: Equatable, Sendable {
  /// Probability of a horizontal flip.
  package var flip: Float
  /// The image is scaled by a number drawn from here: bilinear, its label by the nearest pixel.
  package var scale: ClosedRange<Float>
  /// Size of the random piece that is cut out, padded where the scaled image is smaller; nil: the image's own size.
  package var crop: (height: Int, width: Int)?
  /// Strength of the colour jitter: brightness, contrast and saturation are multiplied by numbers of 1 ± color.
  package var color: Float

  package init(
    flip: Float = 0, scale: ClosedRange<Float> = 1...1, crop: (height: Int, width: Int)? = nil, color: Float = 0
  ) {
    self.flip = flip
    self.scale = scale
    self.crop = crop
    self.color = color
  }

  package static let none = AugmentationSettings()

  package static func == (a: AugmentationSettings, b: AugmentationSettings) -> Bool {
    a.flip == b.flip && a.scale == b.scale && a.color == b.color && a.crop?.height == b.crop?.height
      && a.crop?.width == b.crop?.width
  }

  /// - Throws: `Failure(.configuration)` naming the key.
  package func validate() throws {
    guard (0...1).contains(flip) else { throw Failure(.configuration, "data.augment.flip has to be 0 to 1") }
    guard scale.lowerBound >= 0.05, scale.upperBound <= 20 else {
      throw Failure(.configuration, "data.augment.scale has to lie within 0.05 and 20")
    }
    guard (0..<1).contains(color) else {
      throw Failure(.configuration, "data.augment.color has to be 0 or more and less than 1")
    }
    if let crop {
      guard (1...16_384).contains(crop.height), (1...16_384).contains(crop.width) else {
        throw Failure(.configuration, "data.augment.crop has to be [height, width] of 1 to 16384 each")
      }
    }
  }
}

/// What was drawn for one visit of a sample. The numbers are always drawn, in this order, so that switching one change
/// off leaves the others as they are.
struct AugmentationDraw {
  let isFlipped: Bool
  let scale: Float
  /// 0 ..< 1 each: where the piece lies in the room that there is.
  let vertical: Float
  let horizontal: Float
  /// Factors around 1.
  let brightness: Float
  let contrast: Float
  let saturation: Float

  init(_ settings: AugmentationSettings, seed: UInt64, randomKey: UInt64) {
    var random = Philox(seed: seed, purpose: .augmentation, stream: randomKey)
    isFlipped = random.nextUniform() < settings.flip
    scale = random.next(in: settings.scale)
    vertical = random.nextUniform()
    horizontal = random.nextUniform()
    let factors = (1 - settings.color)...(1 + settings.color)
    brightness = random.next(in: factors)
    contrast = random.next(in: factors)
    saturation = random.next(in: factors)
  }
}

/// How one axis of the output maps to the source: `size` positions, of which `valid` lie inside the scaled image.
struct AxisMap {
  /// Output positions inside the scaled image.
  let valid: Range<Int>
  /// For each valid position: the two source positions that are mixed, the second one's weight, and the nearest one.
  private(set) var first: [Int32] = []
  private(set) var second: [Int32] = []
  private(set) var weight: [Float] = []
  private(set) var nearest: [Int32] = []
  /// Whether every position is one source position, unmixed.
  let isExact: Bool

  /// - Parameters:
  ///   - source: extent of the stored image.
  ///   - size: extent of the output.
  ///   - place: 0 ..< 1, where the output lies in the scaled image (or the image in the output, if that is larger).
  init(source: Int, scale: Float, size: Int, place: Float, isFlipped: Bool) {
    let scaled = max(1, Int((Double(source) * Double(scale)).rounded()))
    let room = abs(scaled - size)
    let shift = min(room, Int(Float(room + 1) * place))
    let start = scaled >= size ? shift : -shift
    valid = max(0, -start)..<min(size, scaled - start)
    isExact = scaled == source
    let ratio = Double(source) / Double(scaled)
    for position in valid {
      let place = isFlipped ? scaled - 1 - (position + start) : position + start
      // Centres of pixels lie at halves.
      let exact = (Double(place) + 0.5) * ratio
      nearest.append(Int32(min(source - 1, Int(exact))))
      let between = min(Double(source - 1), max(0, exact - 0.5))
      let lower = Int(between)
      first.append(Int32(lower))
      second.append(Int32(min(source - 1, lower + 1)))
      weight.append(Float(between - Double(lower)))
    }
  }
}
