import Basics
import Checkpoints
import Foundation
import TestSupport

/// This machine's, as it is in the names of temporary files.
let hostName: String = {
  var host = [CChar](repeating: 0, count: 256)
  gethostname(&host, 255)
  return String(decoding: host.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
}()

/// States to write.
enum CheckpointFixture {
  /// - Parameter width: of the one large tensor; from 16 on it is chunked.
  static func state(step: Int = 1200, width: Int = 16, salt: Float = 0) -> CheckpointState {
    let shapes: [(String, [Int])] = [
      ("conv1_1/weight", [4, 3, 3, 3]), ("conv1_1/bias", [4]), ("fc6/weight", [width * 4, 16, 7, 7]),
      ("upscore8/weight", [2, 2, 16, 16]),
    ]
    let parameters = shapes.enumerated().map { index, entry in
      tensor(entry.0, entry.1, salt: salt + Float(index))
    }
    let momentum = shapes.enumerated().map { index, entry in
      tensor(entry.0, entry.1, salt: salt + 100 + Float(index))
    }
    return CheckpointState(
      model: model, parameters: parameters, optimizerName: "sgd",
      optimizerState: [CheckpointOptimizerState(name: "momentum", tensors: momentum)],
      training: TrainingProgress(
        step: step, epoch: 3, seed: .max - 5, samplesSeen: step * 4,
        scheduleState: ["reductions": 2, "waited": 1.5], bestMetric: 0.625, bestStep: 800),
      configurationText: "model:\n  architecture: fcn8s  # größer\n",
      history: [
        "steps": [
          "step": .integers((1...Int64(step)).map { $0 }), "loss": .reals((1...step).map { 1 / Double($0) }),
        ],
        "evaluations": ["step": .integers([400, 800]), "mean_iou": .reals([0.5, 0.625])],
      ],
      provenance: ["tool_version": "0.1.0", "backend": "portable", "hdf5": "1.10.8"])
  }

  static let model = CheckpointModel(
    architecture: "fcn8s", geometry: "same", upsampling: "learned", classes: 2, channels: 3,
    widths: [4, 8, 16, 16, 16], fc: 64, pool4Scale: 0.01, pool3Scale: 0.0001, ignoreLabel: 255,
    classNames: ["Straße", "tree"], palette: (0..<768).map { UInt8($0 % 251) }, mean: [1, 2, 3.5], std: [4, 5, 6])

  static func tensor(_ name: String, _ shape: [Int], salt: Float) -> CheckpointTensor {
    var random = Philox(seed: 11, purpose: .test, stream: UInt64(salt.bitPattern))
    return CheckpointTensor(
      name: name, shape: shape, values: (0..<shape.reduce(1, *)).map { _ in random.nextUniform() - 0.5 })
  }
}

/// Flips single bits of a checkpoint, each in a fresh copy, and looks what becomes of them.
struct BitFlipStudy {
  var found = 0
  /// The file reads as before: the bit means nothing.
  var harmless = 0
  /// Byte positions where the content changed and nothing was said.
  var silent: [Int] = []

  /// - Parameter scratch: path of the copy that is damaged again and again.
  init(of path: String, scratch: String, count: Int, seed: UInt64) throws {
    let original = try readBytes(path)
    let content = try Self.content(path)
    var random = Philox(seed: seed, purpose: .test, stream: 99)
    for _ in 0..<count {
      let place = Int(random.next(below: UInt32(original.count)))
      var damaged = original
      damaged[place] ^= 1 << UInt8(random.next(below: 8))
      try writeBytes(damaged, to: scratch)
      do {
        if try Self.content(scratch) == content { harmless += 1 } else { silent.append(place) }
      } catch let failure as Failure where failure.kind == .badData { found += 1 }
    }
  }

  /// Everything that a checkpoint says, as text.
  private static func content(_ path: String) throws -> String {
    let reader = try CheckpointReader(path)
    try reader.verify()
    let state = reader.state
    let history = state.history.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value.sorted { $0.key < $1.key })" }
    return "\(try state.digest()) \(reader.toolVersion) \(state.facts) \(state.model.palette) "
      + "\(state.configurationText) \(history)"
  }
}
