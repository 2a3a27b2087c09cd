import Basics
import SegmentationData
import Testing

@Suite struct VisibleMaskTests {
  private static func info(_ classNames: [String] = ["sky", "Background", "cat"], ignoreLabel: Int = 255) -> DatasetInfo
  {
    DatasetInfo(split: "train", classNames: classNames, palette: Palette.voc, ignoreLabel: ignoreLabel)
  }

  private static let normalisation = Normalisation(mean: [100, 50, 25], std: [2, 4, 5])

  private static func transform(
    _ part: VisiblePart, background: [String]? = nil, _ info: DatasetInfo = info(),
    _ normalisation: Normalisation = normalisation, augmentation: AugmentationSettings = .none
  ) throws -> SampleTransform {
    SampleTransform(
      normalisation: normalisation, augmentation: augmentation,
      mask: try VisibleMask.make(part, background: background, info), ignoreLabel: info.ignoreValue, seed: 5)
  }

  /// Two rows of two pixels: cat, background, no class, sky.
  private static let raw = RawSample(
    key: "a", height: 2, width: 2, channels: 3,
    pixels: .uint8([102, 54, 30, 104, 58, 35, 106, 62, 40, 108, 66, 45]), labels: [2, 1, 255, 0])

  private static func pixels(_ transform: SampleTransform, _ raw: RawSample = raw) -> [Float] {
    transform.apply(raw, SampleRequest(sample: 0, randomKey: 0)).pixels
  }

  @Test func eachPartIsTheseBytes() throws {
    let (white, black): ([Float], [Float]) = ([77.5, 51.25, 46], [-50, -12.5, -5])
    let none: [Float] = [0, 0, 0]
    #expect(Self.pixels(try Self.transform(.image)) == [1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4])
    #expect(Self.pixels(try Self.transform(.foreground)) == [1, 1, 1] + none + none + [4, 4, 4])
    #expect(Self.pixels(try Self.transform(.background)) == none + [2, 2, 2] + none + none)
    #expect(Self.pixels(try Self.transform(.shape)) == white + black + black + white)
    let both = ["sky", "Background"]
    #expect(Self.pixels(try Self.transform(.foreground, background: both)) == [1, 1, 1] + none + none + none)
    #expect(Self.pixels(try Self.transform(.background, background: both)) == none + [2, 2, 2] + none + [4, 4, 4])
    #expect(Self.pixels(try Self.transform(.shape, background: ["cat"])) == black + white + black + white)
    // A class can be the label that is ignored.
    let ignoring = Self.info(ignoreLabel: 0)
    #expect(Self.pixels(try Self.transform(.foreground, ignoring)) == [1, 1, 1] + none + none + none)
  }

  @Test func whiteIsWhatTheNumbersHave() throws {
    let wide = RawSample(
      key: "a", height: 1, width: 2, channels: 1, pixels: .uint16([7, 9]), labels: [2, 1])
    let real = RawSample(
      key: "a", height: 1, width: 2, channels: 1, pixels: .float32([7, 9]), labels: [2, 1])
    let transform = try Self.transform(.shape, Self.info(), Normalisation(mean: [8], std: [4]))
    #expect(Self.pixels(transform, wide) == [(65_535 - 8) / 4, -2])
    #expect(Self.pixels(transform, real) == [1, -1])
  }

  /// The labels that come out say what is hidden, whatever was done before; padding stays as it is.
  @Test(arguments: TransformTests.cases) func itIsAppliedToWhatAugmentationMade(_ test: TransformTests.Case) throws {
    for index in 0..<8 {
      let raw = RandomSamples.sample(index, kind: .uint8, channels: 3)
      let info = Self.info((0..<20).map { $0 == 3 ? "background" : "class \($0)" })
      let request = SampleRequest(sample: index, randomKey: UInt64(index) &* 77)
      func sample(_ part: VisiblePart) throws -> Sample {
        let names = part == .image ? nil : ["class 0", "class 1", "background"]
        return try Self.transform(part, background: names, info, augmentation: test.settings).apply(raw, request)
      }
      let whole = try sample(.image)
      for part in [VisiblePart.foreground, .background] {
        let seen = try sample(part)
        #expect(seen.labels == whole.labels)
        for (place, label) in whole.labels.enumerated() {
          let isClass = label != 255 && label < 20
          let isShown = isClass && [0, 1, 3].contains(label) == (part == .background)
          for value in 3 * place..<3 * place + 3 where seen.pixels[value] != (isShown ? whole.pixels[value] : 0) {
            Issue.record("\(part) \(index) \(value): \(seen.pixels[value])")
          }
        }
      }
    }
  }

  @Test func peopleSeeTheSame() throws {
    func shown(_ part: VisiblePart) throws -> SamplePixels? {
      try VisibleMask.make(part, background: nil, Self.info())?.shown(Self.raw, Self.normalisation).pixels
    }
    #expect(try shown(.image) == nil)
    #expect(try shown(.foreground) == .uint8([102, 54, 30, 100, 50, 25, 100, 50, 25, 108, 66, 45]))
    #expect(try shown(.background) == .uint8([100, 50, 25, 104, 58, 35, 100, 50, 25, 100, 50, 25]))
    #expect(try shown(.shape) == .uint8([255, 255, 255, 0, 0, 0, 0, 0, 0, 255, 255, 255]))
  }

  @Test func saysWhatIsMissing() throws {
    func failure(_ part: VisiblePart, _ background: [String]?, _ info: DatasetInfo) -> String {
      do {
        _ = try VisibleMask.make(part, background: background, info)
        return ""
      } catch { return "\(error)" }
    }
    let cats = Self.info(["cat", "dog"])
    #expect(failure(.shape, nil, cats).contains("no class is called so"))
    #expect(failure(.image, nil, cats).isEmpty && failure(.shape, ["dog"], cats).isEmpty)
    #expect(failure(.foreground, ["cow"], cats).contains("data.background names 'cow'"))
    #expect(failure(.foreground, ["dog", "cat"], cats).contains("there is no foreground"))
    let images = DatasetInfo(split: "train", task: .classification, classNames: ["a", "b"], palette: [])
    #expect(failure(.foreground, ["a"], images).contains("needs a label for each pixel"))
  }
}
