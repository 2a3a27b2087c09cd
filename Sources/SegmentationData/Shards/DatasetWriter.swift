import Basics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

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
  /// - Throws: what `sample` throws, where files are bad one `Failure` for all of them; `Failure(.cannotCreate)` if there are shards of the split already.
  ///   Nothing is left behind then.
  package func write(_ info: DatasetInfo, sample: @escaping @Sendable (Int) throws -> RawSample) throws {
    try write([SplitContent(info: info, sample: sample)])
  }

  /// Writes several splits: all of them or, if anything goes wrong, none.
  ///
  /// - Returns: how often each class occurs in each split.
  @discardableResult
  package func write(_ splits: [SplitContent]) throws -> [LabelCounts] {
    for split in splits { try check(split.info) }
    let isNew = access(folder, F_OK) != 0
    try Folder.make(folder, remedy: "give another one with --output")
    var isDone = false
    // A folder that was made for nothing would look like a dataset.
    defer { if isNew, !isDone { rmdir(folder) } }
    let shards = try ShardName.all(in: folder)
    for split in splits {
      if let old = shards.first(where: { $0.split == split.info.split }) {
        throw Failure(
          .cannotCreate, "\(folder) has shards of split '\(split.info.split)' already (\(old.fileName))",
          remedy: "choose another folder, or remove them first")
      }
    }
    var failures = FileFailures()
    let finished = try splits.map { try writers(of: $0, &failures) }
    try failures.check(of: splits.reduce(0) { $0 + $1.info.sampleCount })
    try publish(finished.flatMap { $0 })
    isDone = true
    return zip(splits, finished).map { split, writers in
      writers.reduce(into: LabelCounts(split.info)) { $0.add($1.labelCounts) }
    }
  }

  private func check(_ info: DatasetInfo) throws {
    let count = info.sampleCount
    guard count > 0 else { throw Failure(.badData, "split '\(info.split)' would have no samples") }
    guard (1...min(count, 99_999)).contains(shardCount) else {
      throw Failure(.usage, "\(count) samples of split '\(info.split)' cannot be put into \(shardCount) shards")
    }
  }

  /// The finished shards of a split, without their names yet. Once a sample fails the others are only looked at.
  private func writers(of split: SplitContent, _ failures: inout FileFailures) throws -> [ShardWriter] {
    let (info, count) = (split.info, split.info.sampleCount)
    var finished: [ShardWriter] = []
    var current: ShardWriter?
    try OrderedWork.run(count: count, threads: threads) { index in
      try FileFailures.attempt { try split.sample(index) }
    } take: { index, result in
      progress(WorkProgress(name: info.split, completed: index + 1, total: count))
      guard let sample = failures.value(of: result), failures.isEmpty else { return }
      let shard = finished.count
      let writer = try current ?? ShardWriter(folder: folder, info: info, shard: shard, of: shardCount)
      current = writer
      try writer.append(sample)
      if index + 1 == end(ofShard: shard, count) {
        try writer.finish()
        finished.append(writer)
        current = nil
      }
    }
    return finished
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

/// What is to be written as one split.
package struct SplitContent: Sendable {
  package let info: DatasetInfo
  /// Makes a sample, called by several threads.
  package let sample: @Sendable (Int) throws -> RawSample

  package init(info: DatasetInfo, sample: @escaping @Sendable (Int) throws -> RawSample) {
    self.info = info
    self.sample = sample
  }
}
