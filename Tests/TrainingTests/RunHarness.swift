import Basics
import Checkpoints
import Collectives
import Foundation
import Kernels
import RunLogging
import SegmentationData
import Training
import TrainingConfiguration

/// Whole trainings in this process: ranks are threads, the backend is the portable one.
struct RunHarness {
  /// What a run says to people.
  final class LineLog: Sendable {
    private let lines = Monitor<[String]>([])
    func add(_ line: String) { lines.change { $0.append(line) } }
    var text: String { lines.withLock { $0.joined() } }
  }

  /// Checkerboard scenes of three classes with some unlabelled pixels; sizes in turn.
  ///
  /// - Parameter broken: a sample's key; the pixels are float32 then, and that sample's too large to compute with.
  static func writeData(
    to folder: String, train: Int = 10, val: Int = 3, sizes: [(Int, Int)] = [(33, 40)], broken: String? = nil
  ) throws {
    for (split, count, stream) in [("train", train, UInt64(0)), ("val", val, UInt64(1))] {
      let info = DatasetInfo(
        split: split, classNames: ["ground", "square", "stripe"], palette: [UInt8](repeating: 7, count: 768),
        ignoreLabel: 255, channels: 3, sampleCount: count)
      try DatasetWriter(folder: folder, shardCount: 2, threads: 1).write(info) { i in
        let sample = sample(i, split: split, size: sizes[i % sizes.count], stream: stream)
        guard let broken else { return sample }
        let values = (0..<sample.pixels.count).map {
          sample.key == broken ? Float.greatestFiniteMagnitude : sample.pixels[$0]
        }
        return RawSample(
          key: sample.key, height: sample.height, width: sample.width, channels: 3, pixels: .float32(values),
          labels: sample.labels)
      }
    }
  }

  private static func sample(_ i: Int, split: String, size: (Int, Int), stream: UInt64) -> RawSample {
    var generator = Philox(seed: 11, purpose: .test, stream: stream << 32 | UInt64(i))
    let (height, width) = size
    let phase = Int(generator.next(below: 9))
    var pixels: [UInt8] = []
    var labels: [UInt16] = []
    for y in 0..<height {
      for x in 0..<width {
        let label = (y / 9 + x / 11 + phase) % 3
        for c in 0..<3 { pixels.append(UInt8(60 * label + 20 * c) &+ UInt8(generator.next(below: 30))) }
        // A rank whose images are mostly unlabelled must weigh less.
        labels.append(generator.next(below: 10) < (i % 2 == 0 ? 1 : 6) ? 255 : UInt16(label))
      }
    }
    return RawSample(
      key: "\(split)\(i)", height: height, width: width, channels: 3, pixels: .uint8(pixels), labels: labels)
  }

  static let configuration = """
    model: {architecture: fcn8s, widths: [4, 4, 8, 8, 8], fc: 16, dropout: 0.5}
    data: {augment: {flip: 0.5, scale: [0.7, 1.4], color: 0.2}}
    batch: {global: 5, micro: 1}
    optimizer: {name: adamw, learning_rate: 0.002, gradient_clip: 1}
    schedule: {name: plateau, patience: 0, factor: 0.5}
    train: {steps: 10, seed: 3, evaluate_every: 2, checkpoint_every: 5, keep: 9}
    """

  /// Trains on `ranks` threads.
  ///
  /// - Returns: how it ended on every rank.
  @discardableResult
  static func train(
    _ configuration: String = configuration, set: [String] = [], data: String, output: String, ranks: Int = 1,
    ranksPerMachine: Int? = nil, initialise: String? = nil, resume: TrainingOptions.Resume = .never,
    faults: String = "", log: LineLog? = nil
  ) throws -> [StepBoundary.Ending] {
    let settings = try Configuration(yaml: configuration, file: "test.yaml", overrides: set)
    let options = TrainingOptions(
      dataFolder: data, outputFolder: output, initialise: initialise, resume: resume, faults: try InjectedFaults(faults)
    )
    @Sendable func run(_ group: any ProcessGroup) throws -> StepBoundary.Ending {
      let backend = try PortableBackend(precision: settings.train.precision, threads: 1)
      return try TrainingRun(settings, options: options, world: group, backend: backend)
        .run(console: Console(isTerminal: false) { log?.add($0) })
    }
    if ranks == 1 { return [try run(SoloProcessGroup())] }
    return try ThreadProcessGroup.run(ranks: ranks, ranksPerMachine: ranksPerMachine) { try run($0) }
  }

  static func checkpoint(_ output: String, step: Int) throws -> CheckpointReader {
    try CheckpointReader(CheckpointStore(folder: output + "/checkpoints").path(ofStep: step))
  }

  static func digest(_ output: String, step: Int) throws -> String {
    try checkpoint(output, step: step).state.digest()
  }
}
