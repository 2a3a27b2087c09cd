import Foundation
import TestSupport
import Testing

extension ParallelTests {
  @Suite struct BaselineUnderMPI {
    private func run(_ folder: String, ranks: Int, threads: Int = 1, _ arguments: String) throws -> MPILauncher.Outcome
    {
      try MPILauncher(ranks: ranks, threads: threads, folder: folder).run(
        "fcn-dist", arguments.split(separator: " ").map(String.init))
    }

    @Test func ranksAndThreadsChangeNothing() throws {
      let folder = TemporaryFolder()
      let made = try run(
        folder.path, ranks: 0, "dataset synthesize --output data --train 7 --val 5 --height 60 --width 80")
      #expect(made.exitCode == 0, "\(made.tail)")
      let settings = "--set superpixels.count=60"
      for (name, ranks, threads) in [("a", 0, 1), ("b", 0, 3), ("c", 2, 1), ("d", 3, 2)] {
        let fit = try run(
          folder.path, ranks: ranks, threads: threads, "baseline fit --data data --output \(name).h5 \(settings)")
        #expect(fit.exitCode == 0, "\(fit.tail)")
        let clusters = try run(
          folder.path, ranks: ranks, threads: threads,
          "baseline clusters --data data --model \(name).h5 --output \(name) --json \(name).json --sheet \(name).png")
        #expect(clusters.exitCode == 0, "\(clusters.tail)")
        for file in [".h5", ".json", ".png"] + (0..<5).map({ "/scene-0000\($0).png" }) {
          #expect(try readBytes(folder.file(name + file)) == readBytes(folder.file("a" + file)), "\(name)\(file)")
        }
      }
      // The written pictures under the evaluation of any system's.
      let scored = try run(folder.path, ranks: 0, "evaluate --predictions a --data data --json scored.json")
      #expect(scored.exitCode == 0, "\(scored.tail)")
      #expect(folder.text("scored.json") == folder.text("a.json"))
      for ranks in 1...4 {
        let shared = try run(
          folder.path, ranks: ranks, "evaluate --predictions a --data data --json \(ranks).json")
        #expect(shared.exitCode == 0, "\(shared.tail)")
        #expect(folder.text("\(ranks).json") == folder.text("a.json"), "\(ranks)")
      }
      #expect(folder.text("a.json").contains("\"boundary_f\": 0."), "\(folder.text("a.json"))")
    }
  }
}
