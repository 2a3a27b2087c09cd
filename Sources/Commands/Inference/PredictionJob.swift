import Basics
import Collectives
import ImageFiles
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
  /// Of a classifier: what it says of each image.
  let bestClasses: BestClassesFile?
  let group: any ProcessGroup
  let console: Console
  /// What was done to the pictures that were read.
  let notes = ImageNotes()

  private static let sizeTag = 1
  private static let scoresTag = 2
  private var classCount: Int { predictor.model.network.configuration.classes }

  /// Predicts all images that can be read.
  ///
  /// - Throws: `Failure(.badData)` at the end, with a line for each image that could not be.
  /// - Important: Collective over `group`.
  func run() throws {
    let receivers = try group.isCoordinator ? self.receivers() : []
    var ahead: [Int: Predictor.Prediction] = [:]
    var failures = PredictionFailures()
    for index in 0..<input.count {
      if index % group.size == group.rank {
        if ahead.isEmpty, !failures.contains(index) { ahead = try predict(from: index, &failures) }
        let prediction = ahead.removeValue(forKey: index)
        if let prediction, bestClasses == nil { try files?.write(prediction, key: input.key(index)) }
        if group.isCoordinator {
          if let prediction {
            for receiver in receivers {
              try receiver.write(prediction.logits, key: input.key(index), shape: shape(of: prediction.sample))
            }
          }
        } else if wantsScores {
          try send(prediction)
        }
      } else if group.isCoordinator, wantsScores {
        try receive(from: index % group.size, key: input.key(index), for: receivers)
      }
      if group.isCoordinator { console.transient("predicting: \(index + 1) of \(input.count)") }
    }
    for receiver in receivers { try receiver.finish() }
    failures = try failures.gathered(group)
    try gatherNotes()
    if group.isCoordinator { try report(failures) }
    // Who throws ends the job, and must not cut off who still writes.
    try group.barrier()
    if failures.count > 0 { throw failures.failure(of: input.count) }
  }

  private func report(_ failures: PredictionFailures) throws {
    let done = input.count - failures.count
    if let sheet, let files {
      try sheet.write(
        input, except: failures, normalisation: predictor.model.normalisation, from: files, bestClasses?.best)
      console.line("drew predictions into \(sheet.path)")
    }
    for line in notes.lines { console.line(line) }
    if let files, bestClasses == nil { console.line("wrote \(counted(done, "prediction")) into \(files.folder)") }
    if let logitsPath { console.line("wrote the scores of \(counted(done, "image")) into \(logitsPath)") }
  }

  private func gatherNotes() throws {
    for (rank, bytes) in try group.allGather(notes.encoded).enumerated() where rank != group.rank {
      notes.add(encoded: bytes)
    }
  }

  /// This rank's images from `index` on, as many as go through the network together, by their indices. Those that
  /// cannot be read are left out and noted.
  private func predict(
    from index: Int, _ failures: inout PredictionFailures
  ) throws -> [Int: Predictor.Prediction] {
    let own = Array(stride(from: index, to: input.count, by: group.size).prefix(EvaluationBatch.mostImages))
    // One that has no size forms a run with its like.
    let sizes = try own.map { index in try reading(index, &failures) { try input.size(index) } ?? (0, 0) }
    let run = EvaluationBatch.runs(of: own.indices, atLeast: predictor.model.batch) { sizes[$0] }.first ?? 0..<0
    var samples: [(index: Int, sample: RawSample)] = []
    for place in run where !failures.contains(own[place]) {
      let sample = try reading(own[place], &failures) {
        try input.read(own[place], normalisation: predictor.model.normalisation, notes: notes)
      }
      if let sample { samples.append((own[place], sample)) }
    }
    let predictions = try predictor.predict(samples.map(\.sample), withLogits: wantsScores)
    return Dictionary(uniqueKeysWithValues: zip(samples.map(\.index), predictions))
  }

  /// nil: the file is at fault, which is noted.
  private func reading<Result>(
    _ index: Int, _ failures: inout PredictionFailures, _ body: () throws -> Result
  ) throws -> Result? {
    do {
      return try body()
    } catch let failure as Failure where input.dataset == nil && failure.isOfFile {
      failures.add(failure, at: index)
      return nil
    }
  }

  private var wantsScores: Bool { logitsPath != nil || bestClasses != nil }

  private func receivers() throws -> [any ScoreReceiver] {
    let file: LogitsFile? = try logitsPath.map { try LogitsFile(path: $0) }
    let receivers: [(any ScoreReceiver)?] = [file, bestClasses]
    return receivers.compactMap { $0 }
  }

  private func shape(of sample: RawSample) -> [Int] { shape(height: sample.height, width: sample.width) }

  private func shape(height: Int, width: Int) -> [Int] {
    bestClasses == nil ? [classCount, height, width] : [classCount]
  }

  /// Of an image that could not be read, a size of nothing.
  private func send(_ prediction: Predictor.Prediction?) throws {
    let size = [Int64(prediction?.sample.height ?? 0), Int64(prediction?.sample.width ?? 0)]
    try size.withUnsafeBytes { try group.send($0, to: 0, tag: Self.sizeTag) }
    guard let prediction else { return }
    try prediction.logits.withUnsafeBytes { try group.send($0, to: 0, tag: Self.scoresTag) }
  }

  private func receive(from rank: Int, key: String, for receivers: [any ScoreReceiver]) throws {
    var size: [Int64] = [0, 0]
    try size.withUnsafeMutableBytes { try group.receive($0, from: rank, tag: Self.sizeTag) }
    let (height, width) = (Int(size[0]), Int(size[1]))
    guard height > 0 else { return }
    let shape = shape(height: height, width: width)
    var scores = [Float](repeating: 0, count: shape.reduce(1, *))
    try scores.withUnsafeMutableBytes { try group.receive($0, from: rank, tag: Self.scoresTag) }
    for receiver in receivers { try receiver.write(scores, key: key, shape: shape) }
  }
}
