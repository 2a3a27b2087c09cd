import Basics
import Foundation
import SegmentationData

/// One thing that was looked at.
struct Finding: Equatable {
  enum Verdict: String { case good = "ok", doubtful = "note", bad = "ERROR" }

  var verdict: Verdict
  var subject: String
  var text: String
  var remedy: String?

  init(_ verdict: Verdict, _ subject: String, _ text: String, remedy: String? = nil) {
    self.verdict = verdict
    self.subject = subject
    self.text = text
    self.remedy = remedy
  }
}

/// Looks at what all ranks of a job found, and at the folders it will use.
enum Examination {
  static func processors(_ ranks: [RankFacts]) -> [Finding] {
    var findings: [Finding] = []
    for (host, members) in Dictionary(grouping: ranks, by: \.host).sorted(by: { $0.key < $1.key }) {
      let threads = members.reduce(0) { $0 + $1.threads }
      let available = Set(members.flatMap { Affinity.processorList($0.processors) ?? [] }).count
      let crowded = members.filter { $0.threads > $0.processorCount }
      if !crowded.isEmpty {
        findings.append(
          Finding(
            .doubtful, "cores of \(host)",
            "\(crowded.count) ranks have more threads than the processors they are bound to",
            remedy: "start them with launch/run, or with mpirun --bind-to none and OMP_NUM_THREADS"))
      } else if threads > available {
        findings.append(
          Finding(
            .doubtful, "cores of \(host)", "\(members.count) ranks run \(threads) threads on \(available) processors",
            remedy: "use fewer ranks or threads: they will wait for each other"))
      } else {
        findings.append(
          Finding(.good, "cores of \(host)", "\(members.count) ranks, \(threads) threads, \(available) processors"))
      }
    }
    return findings
  }

  static func engines(_ ranks: [RankFacts]) -> Finding {
    let kinds = Set(ranks.map(\.engine)).sorted()
    guard kinds.count > 1 else { return Finding(.good, "engine", kinds.first ?? "none") }
    return Finding(
      .bad, "engine", "the ranks differ: \(kinds.joined(separator: " / "))",
      remedy: "use machines of one kind, the same libraries and --threads on all of them")
  }

  static func sharedMemory(_ ranks: [RankFacts]) -> Finding {
    guard let smallest = ranks.min(by: { $0.sharedMemoryFree < $1.sharedMemoryFree }) else {
      return Finding(.good, "/dev/shm", "no rank")
    }
    let text = "\(bytes(smallest.sharedMemoryFree)) free of \(bytes(smallest.sharedMemorySize)) on \(smallest.host)"
    guard smallest.sharedMemoryFree < 3 << 30, ranks.count > 1 else { return Finding(.good, "/dev/shm", text) }
    return Finding(
      .doubtful, "/dev/shm", "\(text): an FCN-8s of full width needs about 2 GiB and 0.5 GiB more for each rank",
      remedy: "make it larger (mount -o remount,size=8G /dev/shm; docker run --shm-size=8g), or use a smaller model")
  }

  static func memory(_ ranks: [RankFacts]) -> Finding {
    let hosts = Dictionary(grouping: ranks, by: \.host).sorted { $0.key < $1.key }
    let texts = hosts.map { "\(bytes($0.value[0].memoryAvailable)) available on \($0.key)" }
    return Finding(.good, "memory", texts.prefix(4).joined(separator: ", ") + (texts.count > 4 ? " …" : ""))
  }

  /// Can files be made, renamed and removed in `folder`?
  static func output(_ folder: String) -> Finding {
    do {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      let probe = "\(folder)/.doctor-\(ProcessInfo.processInfo.processIdentifier)"
      try [UInt8](repeating: 1, count: 1 << 20).withUnsafeBytes { try FileBytes.write($0, to: probe) }
      try FileManager.default.removeItem(atPath: probe)
    } catch {
      return Finding(.bad, "output \(folder)", "cannot be written (\(error))", remedy: "give another folder")
    }
    let space = RankFacts.space(of: folder).map { ", \(bytes($0.free)) free" } ?? ""
    return Finding(.good, "output \(folder)", "can be written\(space)")
  }

  static func dataset(_ folder: String) -> [Finding] {
    do {
      let splits = try Dataset.splits(in: folder)
      guard !splits.isEmpty else {
        return [Finding(.bad, "data \(folder)", "holds no dataset", remedy: "see 'fcn-dist dataset --help'")]
      }
      return try splits.map { split in
        let dataset = try Dataset(folder: folder, split: split)
        for place in 0..<min(4, dataset.sampleCount) { _ = try dataset.read(place * dataset.sampleCount / 4) }
        return Finding(
          .good, "data \(folder), \(split)",
          "\(dataset.sampleCount) samples, \(dataset.info.classCount) classes, \(dataset.info.channels) channels")
      }
    } catch {
      return [Finding(.bad, "data \(folder)", "\(error)")]
    }
  }

  static func bytes(_ count: Int) -> String {
    count >= 1 << 30 ? "\(fixed(Double(count) / 0x1p30, 1)) GiB" : "\(count >> 20) MiB"
  }
}
