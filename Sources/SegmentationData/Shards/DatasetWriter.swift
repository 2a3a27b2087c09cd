import Basics
import Foundation

/// How far a long piece of work is.
package struct WorkProgress: Equatable, Sendable {
  /// What is worked on, for example a split.
  package let name: String
  package let completed: Int
  package let total: Int

  package init(name: String, completed: Int, total: Int) {
    self.name = name
    self.completed = completed
    self.total = total
  }
}

/// Writes the shards of a split: several threads make the samples, one writes them, and all shards appear at the end.
package struct DatasetWriter {
  package var folder: String
  package var shardCount: Int
  package var threads: Int
  /// Called on the thread that calls `write`.
  package var progress: (WorkProgress) -> Void

  package init(
    folder: String, shardCount: Int = 1, threads: Int = 2, progress: @escaping (WorkProgress) -> Void = { _ in }
  ) {
    self.folder = folder
    self.shardCount = shardCount
    self.threads = threads
    self.progress = progress
  }

  /// Writes `info.sampleCount` samples, those of a shard next to one another. Makes the folder if need be.
  ///
  /// - Throws: what `sample` throws, first in order; `Failure(.cannotCreate)` if there are shards of the split already.
  ///   Nothing is left behind then.
  package func write(_ info: DatasetInfo, sample: @escaping @Sendable (Int) throws -> RawSample) throws {
    let count = info.sampleCount
    guard count > 0 else { throw Failure(.badData, "split '\(info.split)' would have no samples") }
    guard (1...min(count, 99_999)).contains(shardCount) else {
      throw Failure(.usage, "\(count) samples cannot be put into \(shardCount) shards")
    }
    try Folder.make(folder, remedy: "give another one with --output")
    if let old = try ShardName.all(in: folder).first(where: { $0.split == info.split }) {
      throw Failure(
        .cannotCreate, "\(folder) has shards of split '\(info.split)' already (\(old.fileName))",
        remedy: "choose another folder, or remove them first")
    }
    var finished: [ShardWriter] = []
    var current: ShardWriter?
    try OrderedWork.run(count: count, threads: threads, prepare: sample) { index, sample in
      let shard = finished.count
      let writer = try current ?? ShardWriter(folder: folder, info: info, shard: shard, of: shardCount)
      current = writer
      try writer.append(sample)
      if index + 1 == end(ofShard: shard, count) {
        try writer.finish()
        finished.append(writer)
        current = nil
      }
      progress(WorkProgress(name: info.split, completed: index + 1, total: count))
    }
    try publish(finished)
  }

  /// All or none: a split with some of its shards would only be in the way.
  private func publish(_ writers: [ShardWriter]) throws {
    do { for writer in writers { try writer.publish() } } catch {
      for writer in writers { writer.withdraw() }
      throw error
    }
  }

  private func end(ofShard shard: Int, _ count: Int) -> Int { (shard + 1) * count / shardCount }
}
