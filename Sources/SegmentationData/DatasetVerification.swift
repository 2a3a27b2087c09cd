import Basics
import Storage

/// What is wrong with a dataset, found by reading all of it.
package struct VerificationReport: Sendable {
  /// Splits whose shards could be opened, with what they have in common.
  package fileprivate(set) var splits: [DatasetInfo] = []
  /// What is wrong, each with file, key, pixel and value where it has them; at most `DatasetVerification.problemLimit`.
  package fileprivate(set) var problems: [Failure] = []
  package fileprivate(set) var problemCount = 0
  package fileprivate(set) var sampleCount = 0

  package var isIntact: Bool { problemCount == 0 }
}

/// Reads every byte of a dataset and checks it against docs/formats.md section 3.
package enum DatasetVerification {
  package static let problemLimit = 100

  /// - Parameter splits: those to verify; nil: all in the folder.
  /// - Throws: `Failure` if there is nothing to verify. What is wrong with the data is in the report instead.
  package static func run(
    _ folder: String, splits: [String]? = nil, threads: Int = 2, progress: (WorkProgress) -> Void = { _ in }
  ) throws -> VerificationReport {
    let names = try splits ?? Dataset.splits(in: folder)
    guard !names.isEmpty else {
      throw Failure(
        .missingInput, "there are no shards in \(folder)",
        remedy: "make a dataset with `fcn-dist dataset import` or `fcn-dist dataset synthesize`")
    }
    var report = VerificationReport()
    for split in names {
      do {
        try verify(try Dataset(folder: folder, split: split), threads, &report, progress)
      } catch let failure as Failure {
        add([failure], to: &report)
      }
    }
    return report
  }

  private static func verify(
    _ dataset: Dataset, _ threads: Int, _ report: inout VerificationReport, _ progress: (WorkProgress) -> Void
  ) throws {
    report.splits.append(dataset.info)
    var counts: LabelCounts? = LabelCounts(dataset.info)
    try OrderedWork.run(count: dataset.sampleCount, threads: threads) { index -> Result<LabelCounts, Failure> in
      do {
        var own = LabelCounts(dataset.info)
        let ignored = dataset.info.ignoreValue
        own.add(try dataset.read(index).countedLabels(ignored: ignored), ignoring: ignored)
        return .success(own)
      } catch let failure as Failure {
        return .failure(failure)
      }
    } take: { index, outcome in
      switch outcome {
      case .success(let own): counts?.add(own)
      case .failure(let failure):
        add([failure], to: &report)
        counts = nil
      }
      report.sampleCount += 1
      progress(WorkProgress(name: dataset.info.split, completed: index + 1, total: dataset.sampleCount))
    }
    if let counts, let stated = dataset.statedLabelCounts, counts != stated {
      let problem = Failure(
        .badData,
        "the shards of split '\(dataset.info.split)' in \(dataset.folder) state other pixel_counts than they have",
        remedy: "import the dataset again, or delete /pixel_counts: it may be missing")
      add([problem], to: &report)
    }
    add(try strayImages(dataset), to: &report)
  }

  /// Images and labels without a key: nothing would ever read them.
  private static func strayImages(_ dataset: Dataset) throws -> [Failure] {
    var keys: [String: Set<String>] = [:]
    for index in 0..<dataset.sampleCount { keys[dataset.path(index), default: []].insert(dataset.key(index)) }
    return try dataset.shardPaths.flatMap { path in
      let file = try HDF5File.open(path)
      let groups = dataset.info.task == .semantic ? ["images", "labels"] : ["images"]
      return try groups.flatMap { group in
        guard file.root.contains(group) else { return [] as [Failure] }
        return try file.root.group(group).childNames().filter { keys[path]?.contains($0) != true }.map { name in
          Failure(.badData, "\(path): /\(group)/\(name) is not in /keys")
        }
      }
    }
  }

  private static func add(_ problems: [Failure], to report: inout VerificationReport) {
    report.problemCount += problems.count
    report.problems += problems.prefix(max(0, problemLimit - report.problems.count))
  }
}
