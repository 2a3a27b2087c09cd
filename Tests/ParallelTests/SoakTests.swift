import Foundation
import Testing

extension ParallelTests {
  /// A long training takes no more memory, files and mappings at its end than at its beginning.
  @Suite struct Soak {
    /// What a rank held at some step.
    private struct Holding {
      let step: Int
      let residentBytes: Int
      let files: Int
      let mappings: Int
    }

    private static let steps = 2000

    private static let configuration = """
      model: {architecture: fcn8s, widths: [4, 4, 8, 8, 8], fc: 16, dropout: 0.5}
      data: {augment: {flip: 0.5, scale: [0.8, 1.3], color: 0.2}}
      batch: {global: 2, micro: 1}
      optimizer: {name: sgd, learning_rate: 0.001}
      train: {steps: \(steps), seed: 3, evaluate_every: 250, checkpoint_every: 100, keep: 2}
      """

    private static func holding(of rank: pid_t, step: Int) -> Holding? {
      guard let status = FileManager.default.contents(atPath: "/proc/\(rank)/statm"),
        case let fields = String(decoding: status, as: UTF8.self).split(separator: " "), fields.count > 1,
        let pages = Int(fields[1]),
        let files = try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(rank)/fd").count,
        let maps = FileManager.default.contents(atPath: "/proc/\(rank)/maps")
      else { return nil }
      return Holding(
        step: step, residentBytes: pages * 4096, files: files,
        mappings: maps.count { $0 == UInt8(ascii: "\n") })
    }

    @Test func nothingGrowsOverTwoThousandSteps() throws {
      let training = try TinyTraining(Self.configuration, backend: "auto", val: 2, size: (32, 40))

      var holdings: [pid_t: [Holding]] = [:]
      var looks = 0
      let outcome = try training.train("run", ranks: 2, timeout: 400) { launcher in
        looks += 1
        guard looks.isMultiple(of: 2) else { return }
        let step = training.folder.text("run/metrics.jsonl").count { $0 == "\n" }
        for rank in MPILauncher.ranks(of: launcher, program: "fcn-dist") {
          if let holding = Self.holding(of: rank, step: step) { holdings[rank, default: []].append(holding) }
        }
      }
      try #require(outcome.exitCode == 0, "\(outcome.tail)")
      #expect(holdings.count == 2)
      for (rank, holdings) in holdings { check(holdings, of: rank) }
    }

    /// Compares the smallest of an early and of a late stretch: a checkpoint takes something meanwhile.
    private func check(_ holdings: [Holding], of rank: pid_t) {
      let early = holdings.filter { (400..<900).contains($0.step) }
      let late = holdings.filter { (1500..<1990).contains($0.step) }
      #expect(early.count >= 3 && late.count >= 3, "rank \(rank) was seen too seldom")
      func smallest(_ value: (Holding) -> Int) -> (early: Int, late: Int) {
        (early.map(value).min() ?? 0, late.map(value).min() ?? 0)
      }
      let memory = smallest(\.residentBytes)
      // 1 KiB a step.
      #expect(memory.late - memory.early < 1_100 * 1024, "rank \(rank): \(memory) bytes")
      let files = smallest(\.files)
      #expect(files.late <= files.early, "rank \(rank): \(files) open files")
      let mappings = smallest(\.mappings)
      #expect(mappings.late <= mappings.early + 8, "rank \(rank): \(mappings) mappings")
    }
  }
}
