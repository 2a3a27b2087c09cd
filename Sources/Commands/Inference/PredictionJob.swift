import Basics
import Collectives
import Model
import RunLogging
import SegmentationData
import Training

/// The work of `predict`: image i is rank i modulo size's, which writes its pictures; scores go to rank 0, which writes
/// the one file in the images' order.
struct PredictionJob {
  let input: PredictionInput
  let predictor: Predictor
  let files: PredictionFiles?
  let sheet: PredictionSheet?
  let logitsPath: String?
  let group: any ProcessGroup
  let console: Console

  private static let sizeTag = 1
  private static let scoresTag = 2
  private var classCount: Int { predictor.model.network.configuration.classes }

  /// - Important: Collective over `group`.
  func run() throws {
    let file = try group.isCoordinator ? logitsPath.map { try LogitsFile(path: $0) } : nil
    var ahead: [Int: Predictor.Prediction] = [:]
    for index in 0..<input.count {
      if index % group.size == group.rank {
        if ahead.isEmpty { ahead = try predict(from: index) }
        guard let prediction = ahead.removeValue(forKey: index) else { continue }
        try files?.write(prediction, key: input.key(index))
        if let file {
          let sample = prediction.sample
          try file.write(
            prediction.logits, key: input.key(index), classes: classCount, height: sample.height, width: sample.width)
        } else if logitsPath != nil {
          try send(prediction)
        }
      } else if let file {
        try receive(from: index % group.size, key: input.key(index), into: file)
      }
      if group.isCoordinator { console.transient("predicting: \(index + 1) of \(input.count)") }
    }
    try file?.finish()
    try group.barrier()
    guard group.isCoordinator else { return }
    if let sheet, let files {
      try sheet.write(input, normalisation: predictor.model.normalisation, from: files)
      console.line("drew predictions into \(sheet.path)")
    }
    if let files { console.line("wrote \(input.count) predictions into \(files.folder)") }
    if let logitsPath { console.line("wrote the scores of \(input.count) images into \(logitsPath)") }
  }

  /// This rank's images from `index` on, as many as go through the network together, by their indices.
  private func predict(from index: Int) throws -> [Int: Predictor.Prediction] {
    let own = Array(stride(from: index, to: input.count, by: group.size).prefix(EvaluationBatch.mostImages))
    let sizes = try own.map { try input.size($0) }
    let run = EvaluationBatch.runs(of: own.indices, atLeast: predictor.model.batch) { sizes[$0] }.first ?? 0..<0
    let samples = try run.map { try input.read(own[$0], normalisation: predictor.model.normalisation) }
    let predictions = try predictor.predict(samples, withLogits: logitsPath != nil)
    return Dictionary(uniqueKeysWithValues: zip(run.map { own[$0] }, predictions))
  }

  private func send(_ prediction: Predictor.Prediction) throws {
    let size = [Int64(prediction.sample.height), Int64(prediction.sample.width)]
    try size.withUnsafeBytes { try group.send($0, to: 0, tag: Self.sizeTag) }
    try prediction.logits.withUnsafeBytes { try group.send($0, to: 0, tag: Self.scoresTag) }
  }

  private func receive(from rank: Int, key: String, into file: LogitsFile) throws {
    var size: [Int64] = [0, 0]
    try size.withUnsafeMutableBytes { try group.receive($0, from: rank, tag: Self.sizeTag) }
    let (height, width) = (Int(size[0]), Int(size[1]))
    var scores = [Float](repeating: 0, count: classCount * height * width)
    try scores.withUnsafeMutableBytes { try group.receive($0, from: rank, tag: Self.scoresTag) }
    try file.write(scores, key: key, classes: classCount, height: height, width: width)
  }
}
