import Basics
import Detection

/// How the built-in dataset is made.
package struct SynthesisSettings: Sendable {
  package var height: Int
  package var width: Int
  /// Splits and how many scenes each has.
  package var counts: [(split: String, count: Int)]
  package var seed: UInt64
  /// classification: a scene's class is the kind of thing that takes most of its pixels. instances: cars, signs and
  /// persons, each with the pixels that are seen of it.
  package var task: VisionTask

  package init(
    height: Int = 96, width: Int = 128, counts: [(split: String, count: Int)] = [("train", 64), ("val", 16)],
    seed: UInt64 = 1, task: VisionTask = .semantic
  ) {
    self.task = task
    self.height = height
    self.width = width
    self.counts = counts
    self.seed = seed
  }

  /// - Throws: `Failure(.usage)` naming the value.
  package func validate() throws {
    guard (16...4096).contains(height), (16...4096).contains(width) else {
      throw Failure(.usage, "scenes of \(height) x \(width): sides have to be 16 to 4096 pixels")
    }
    for (split, count) in counts {
      guard SampleKey.isValid(split), (1...1_000_000).contains(count) else {
        throw Failure(.usage, "\(count) scenes for split '\(split)': it has to be 1 to 1,000,000")
      }
    }
  }
}

/// Road scenes drawn by rules: a dataset that needs no download, pretty enough to look at and regular enough to learn.
///
/// A scene is a function of (seed, split, number) and of nothing else; only additions, multiplications, divisions and
/// square roots are used, so that every machine draws the same bytes.
package enum SceneSynthesis {
  package static let classNames = SceneClass.allCases.map { "\($0)" }
  package static let ignoreLabel = SceneClass.border
  private static let colours: [UInt8] = [
    96, 160, 224, 178, 92, 84, 40, 120, 52, 148, 196, 92, 116, 104, 128, 40, 60, 176, 240, 200, 40, 224, 60, 120,
  ]

  /// Writes the shards of all splits, as `DatasetWriter` does.
  package static func write(
    _ settings: SynthesisSettings = SynthesisSettings(), to folder: String, shardCount: Int = 1, threads: Int = 2,
    progress: @escaping (WorkProgress) -> Void = { _ in }
  ) throws -> [DatasetInfo] {
    try settings.validate()
    return try settings.counts.map { split, count in
      let info = info(split: split, task: settings.task, count: count)
      let writer = DatasetWriter(
        folder: folder, shardCount: min(shardCount, count), threads: threads, progress: progress)
      try writer.write(info) { scene($0, of: split, settings) }
      return info
    }
  }

  /// What a synthetic split says of itself.
  package static func info(split: String, task: VisionTask = .semantic, count: Int) -> DatasetInfo {
    let names =
      switch task {
      case .semantic: classNames
      case .classification: imageClassNames
      case .instances: instanceClassNames
      }
    let thingColours: [UInt8] = things.reduce(into: [0, 0, 0]) { all, thing in
      all += colours[3 * Int(thing.rawValue)..<3 * Int(thing.rawValue) + 3]
    }
    return DatasetInfo(
      split: split, task: task, classNames: names,
      palette: Palette.padded(task == .instances ? thingColours : colours),
      ignoreLabel: task == .instances ? -1 : ignoreLabel, channels: 3, sampleCount: count)
  }

  private static let things: [SceneClass] = [.car, .sign, .person]
  /// Classes of whole scenes.
  package static let imageClassNames = ["empty"] + things.map { "\($0)" }

  /// Classes of things.
  package static let instanceClassNames = ["background"] + things.map { "\($0)" }
  /// A thing of which less is seen is none: it is hidden, or too far away.
  package static let fewestPixels = 16

  private static func instances(_ canvas: SceneCanvas, _ kinds: [SceneClass]) -> InstanceAnnotations {
    let all = InstanceAnnotations(
      numbered: canvas.shownThings(), height: canvas.height, width: canvas.width,
      ofClass: { number in things.firstIndex(of: kinds[Int(number) - 1]).map { UInt16($0 + 1) } })
    return all.filtered { all.masks[$0].area >= fewestPixels }
  }

  private static func imageClass(_ labels: [UInt16]) -> UInt16 {
    var counts = [Int](repeating: 0, count: things.count)
    for label in labels {
      if let place = things.firstIndex(where: { UInt16($0.rawValue) == label }) { counts[place] += 1 }
    }
    let most = counts.indices.reduce(0) { counts[$1] > counts[$0] ? $1 : $0 }
    return counts[most] == 0 ? 0 : UInt16(most + 1)
  }

  /// One scene: RGB of 8 bits and its classes.
  package static func scene(_ number: Int, of split: String, _ settings: SynthesisSettings) -> RawSample {
    let stream = UInt64(CRC32C.checksum(Array(split.utf8))) << 32 | UInt64(truncatingIfNeeded: number)
    let random = Philox(seed: settings.seed, purpose: .synthesis, stream: stream)
    var canvas = SceneCanvas(height: settings.height, width: settings.width)
    var painter = ScenePainter(random, aspect: Float(settings.width) / Float(settings.height))
    let kinds = painter.paint(on: &canvas)
    let (pixels, labels) = canvas.developed(grain: painter.grain)
    let digits = String(number)
    let classes: [UInt16] =
      switch settings.task {
      case .semantic: labels
      case .classification: [imageClass(labels)]
      case .instances: []
      }
    return RawSample(
      key: "scene-" + String(repeating: "0", count: max(0, 5 - digits.count)) + digits, height: settings.height,
      width: settings.width, channels: 3, pixels: .uint8(pixels), labels: classes, task: settings.task,
      instances: settings.task == .instances ? instances(canvas, kinds) : nil)
  }
}
