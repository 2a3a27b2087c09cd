import Basics
import SegmentationData
import Testing

/// The transform written down plainly, pixel by pixel, for comparison.
private struct PlainTransform {
  let normalisation: Normalisation
  let settings: AugmentationSettings
  let ignoreLabel: UInt16
  let seed: UInt64

  func apply(_ raw: RawSample, key: UInt64) -> (height: Int, width: Int, pixels: [Float], labels: [UInt16]) {
    var random = Philox(seed: seed, purpose: .augmentation, stream: key)
    let isFlipped = random.nextUniform() < settings.flip
    let scale = random.next(in: settings.scale)
    let place = (random.nextUniform(), random.nextUniform())
    let factors = (1 - settings.color)...(1 + settings.color)
    let jitter = (random.next(in: factors), random.next(in: factors), random.next(in: factors))
    let height = settings.crop?.height ?? raw.height
    let width = settings.crop?.width ?? raw.width
    var (rows, columns) = (scale, scale)
    if let area = settings.area {
      let pixels = random.next(in: area) * Float(raw.height * raw.width)
      let aspect = random.next(in: settings.aspect)
      rows = Float(height) / min(Float(raw.height), max(1, (pixels / aspect).squareRoot()))
      columns = Float(width) / min(Float(raw.width), max(1, (pixels * aspect).squareRoot()))
    }
    let scaledHeight = max(1, Int((Double(raw.height) * Double(rows)).rounded()))
    let scaledWidth = max(1, Int((Double(raw.width) * Double(columns)).rounded()))
    let top = start(scaledHeight, height, place.0)
    let left = start(scaledWidth, width, place.1)
    var pixels = [Float](repeating: 0, count: height * width * raw.channels)
    var labels = [UInt16](repeating: ignoreLabel, count: height * width)
    for y in 0..<height where (0..<scaledHeight).contains(y + top) {
      for x in 0..<width where (0..<scaledWidth).contains(x + left) {
        let column = isFlipped ? scaledWidth - 1 - (x + left) : x + left
        let sourceY = (Double(y + top) + 0.5) * Double(raw.height) / Double(scaledHeight)
        let sourceX = (Double(column) + 0.5) * Double(raw.width) / Double(scaledWidth)
        labels[y * width + x] = raw.labels[Int(sourceY) * raw.width + Int(sourceX)]
        var values = (0..<raw.channels).map { bilinear(raw, sourceY - 0.5, sourceX - 0.5, $0) }
        recolour(&values, raw, jitter)
        for channel in 0..<raw.channels {
          pixels[(y * width + x) * raw.channels + channel] =
            (Float(values[channel]) - normalisation.mean[channel]) / normalisation.std[channel]
        }
      }
    }
    return (height, width, pixels, labels)
  }

  private func start(_ scaled: Int, _ size: Int, _ place: Float) -> Int {
    let shift = min(abs(scaled - size), Int(Float(abs(scaled - size) + 1) * place))
    return scaled >= size ? shift : -shift
  }

  private func bilinear(_ raw: RawSample, _ y: Double, _ x: Double, _ channel: Int) -> Double {
    let y = min(max(y, 0), Double(raw.height - 1))
    let x = min(max(x, 0), Double(raw.width - 1))
    func value(_ row: Int, _ column: Int) -> Double {
      let row = min(row, raw.height - 1)
      return Double(raw.pixels[(row * raw.width + min(column, raw.width - 1)) * raw.channels + channel])
    }
    let (row, column) = (Int(y), Int(x))
    let (down, across) = (y - Double(row), x - Double(column))
    let upper = value(row, column) * (1 - across) + value(row, column + 1) * across
    let lower = value(row + 1, column) * (1 - across) + value(row + 1, column + 1) * across
    return upper * (1 - down) + lower * down
  }

  private func grey(_ values: [Double]) -> Double { 0.299 * values[0] + 0.587 * values[1] + 0.114 * values[2] }

  private func recolour(_ values: inout [Double], _ raw: RawSample, _ jitter: (Float, Float, Float)) {
    guard settings.color > 0 else { return }
    let (brightness, contrast, saturation) = (Double(jitter.0), Double(jitter.1), Double(jitter.2))
    let limit: Double = raw.pixels.kind == .uint8 ? 255 : raw.pixels.kind == .uint16 ? 65_535 : .infinity
    guard raw.channels >= 3, limit.isFinite else {
      values = values.map { min($0 * brightness, limit) }
      return
    }
    let mean = brightness * grey(normalisation.mean.map { Double($0) })
    let bright = values.map { contrast * brightness * $0 + (1 - contrast) * mean }
    let level = grey(bright)
    for channel in 0..<3 {
      values[channel] = min(max(saturation * bright[channel] + (1 - saturation) * level, 0), limit)
    }
  }
}

@Suite struct TransformTests {
  private static func normalisation(_ channels: Int, _ kind: PixelKind) -> Normalisation {
    let unit: Float = kind == .uint8 ? 1 : kind == .uint16 ? 257 : 0.01
    return Normalisation(
      mean: (0..<channels).map { unit * (100 + 7 * Float($0)) }, std: (0..<channels).map { unit * (60 + Float($0)) })
  }

  struct Case: CustomTestStringConvertible {
    let name: String
    let settings: AugmentationSettings
    var testDescription: String { name }
  }

  static let cases = [
    Case(name: "nothing", settings: .none),
    Case(name: "flip", settings: AugmentationSettings(flip: 1)),
    Case(name: "smaller", settings: AugmentationSettings(scale: 0.4...0.9)),
    Case(name: "larger", settings: AugmentationSettings(flip: 0.5, scale: 1.1...2.5)),
    Case(name: "crop within", settings: AugmentationSettings(crop: (4, 3))),
    Case(name: "crop beyond", settings: AugmentationSettings(flip: 0.5, crop: (40, 21))),
    Case(name: "crop across", settings: AugmentationSettings(flip: 0.5, scale: 0.5...2, crop: (9, 12))),
    Case(name: "colour", settings: AugmentationSettings(color: 0.6)),
    Case(name: "area", settings: AugmentationSettings(flip: 0.5, crop: (12, 8), area: 0.1...1)),
    Case(name: "wide area", settings: AugmentationSettings(crop: (7, 9), color: 0.3, area: 0.3...0.9, aspect: 0.2...5)),
    Case(name: "all", settings: AugmentationSettings(flip: 0.5, scale: 0.5...2, crop: (11, 10), color: 0.3)),
  ]

  @Test(arguments: cases) func equalsThePlainTransform(_ test: Case) {
    for (kind, channels) in [(PixelKind.uint8, 3), (.uint8, 1), (.uint16, 4), (.float32, 3), (.uint16, 2)] {
      let normalisation = Self.normalisation(channels, kind)
      let transform = SampleTransform(
        normalisation: normalisation, augmentation: test.settings, ignoreLabel: 255, seed: 5)
      let plain = PlainTransform(normalisation: normalisation, settings: test.settings, ignoreLabel: 255, seed: 5)
      for index in 0..<12 {
        let raw = RandomSamples.sample(index, kind: kind, channels: channels)
        let request = SampleRequest(sample: index, randomKey: UInt64(index) &* 99)
        let sample = transform.apply(raw, request)
        let expected = plain.apply(raw, key: request.randomKey)
        #expect(sample.height == expected.height && sample.width == expected.width && sample.key == raw.key)
        #expect(sample.labels == expected.labels, "\(kind) \(index)")
        let worst = zip(sample.pixels, expected.pixels).map { abs($0 - $1) / (1 + abs($1)) }.max() ?? 1
        #expect(sample.pixels.count == expected.pixels.count && worst < 2e-5, "\(kind) \(index): \(worst)")
      }
    }
  }

  @Test func imageAndLabelStayTogether() {
    // The image is its own label: wherever the label is a class, the pixel has to be that class's value.
    var random = Philox(seed: 2, purpose: .test, stream: 1)
    var labels: [UInt16] = []
    for row in 0..<40 { for column in 0..<30 { labels.append(UInt16(row / 10 * 3 + column / 10)) } }
    let pixels = labels.map { UInt8($0 * 20) }
    let raw = RawSample(key: "blocks", height: 40, width: 30, channels: 1, pixels: .uint8(pixels), labels: labels)
    let transform = SampleTransform(
      normalisation: Normalisation(mean: [0], std: [1]),
      augmentation: AugmentationSettings(flip: 0.5, scale: 0.6...1.8, crop: (37, 33)), ignoreLabel: 99, seed: 1)
    for _ in 0..<50 {
      let sample = transform.apply(raw, SampleRequest(sample: 0, randomKey: random.nextUInt64()))
      var equal = 0
      var classes = 0
      for (pixel, label) in zip(sample.pixels, sample.labels) {
        if label == 99 {
          #expect(pixel == 0)
        } else {
          classes += 1
          if pixel == Float(label) * 20 { equal += 1 }
        }
      }
      // At the borders of the blocks the image is mixed and the label is not.
      #expect(Double(equal) > 0.6 * Double(classes))
      #expect(classes > 200)
    }
  }

  @Test func theRandomKeyAloneDecides() {
    let settings = AugmentationSettings(flip: 0.5, scale: 0.5...2, crop: (11, 10), color: 0.3)
    let normalisation = Self.normalisation(3, .uint8)
    let transform = SampleTransform(normalisation: normalisation, augmentation: settings, ignoreLabel: 255, seed: 1)
    let raw = RandomSamples.sample(3)
    let first = transform.apply(raw, SampleRequest(sample: 3, randomKey: 42))
    // Memory used before and other samples in between change nothing.
    for key in 0..<20 as Range<UInt64> { _ = transform.apply(raw, SampleRequest(sample: 3, randomKey: key)) }
    let again = transform.apply(raw, SampleRequest(sample: 8, randomKey: 42))
    #expect(first.pixels == again.pixels && first.labels == again.labels)
    let others = (0..<20 as Range<UInt64>).map {
      transform.apply(raw, SampleRequest(sample: 3, randomKey: $0)).pixels
    }
    #expect(Set(others).count == 20)
    let otherSeed = SampleTransform(normalisation: normalisation, augmentation: settings, ignoreLabel: 255, seed: 2)
    #expect(otherSeed.apply(raw, SampleRequest(sample: 3, randomKey: 42)).pixels != first.pixels)
  }

  @Test func flipsAndScalesComeAsOftenAsAsked() {
    let normalisation = Normalisation(mean: [0], std: [1])
    let raw = RawSample(
      key: "a", height: 1, width: 2, channels: 1, pixels: .uint8([0, 200]), labels: [0, 1])
    let transform = SampleTransform(
      normalisation: normalisation, augmentation: AugmentationSettings(flip: 0.25), ignoreLabel: 255, seed: 4)
    let flips = (0..<4000 as Range<UInt64>).filter {
      transform.apply(raw, SampleRequest(sample: 0, randomKey: Philox.mixed($0))).labels == [1, 0]
    }
    #expect(abs(flips.count - 1000) < 130)
  }

  @Test func wrongSettingsAreNamed() {
    let wrong: [(AugmentationSettings, String)] = [
      (AugmentationSettings(flip: 1.5), "data.augment.flip"),
      (AugmentationSettings(scale: 0...1), "data.augment.scale"),
      (AugmentationSettings(area: 0.1...1), "data.augment.area"),
      (AugmentationSettings(scale: 1...2, crop: (3, 3), area: 0.1...1), "data.augment.area"),
      (AugmentationSettings(color: 1), "data.augment.color"), (AugmentationSettings(crop: (0, 5)), "data.augment.crop"),
    ]
    for (settings, key) in wrong {
      let failure = #expect(throws: Failure.self) { try settings.validate() }
      #expect(failure?.kind == .configuration && failure?.message.contains(key) == true)
    }
    #expect(throws: Never.self) {
      try AugmentationSettings(flip: 0.5, scale: 0.5...2, crop: (9, 9), color: 0.3).validate()
    }
    // What is cut out fills the piece, whatever the image's shape.
    let whole = SampleTransform(
      normalisation: Normalisation(mean: [0, 0, 0], std: [1, 1, 1]),
      augmentation: AugmentationSettings(crop: (8, 8), area: 0.05...1), ignoreLabel: 255)
    for index in 0..<20 {
      let raw = RandomSamples.sample(index, kind: .uint8, channels: 3)
      #expect(
        !whole.apply(raw, SampleRequest(sample: index, randomKey: UInt64(index))).labels.contains(255)
          || raw.labels.contains(255))
    }
    for normalisation in [Normalisation(mean: [1], std: [1, 1]), Normalisation(mean: [1, 2], std: [1, 0])] {
      #expect(throws: Failure.self) { try normalisation.validate(channels: 2) }
    }
  }
}
