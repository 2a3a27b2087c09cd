import Foundation
import TestSupport
import Testing

extension ParallelTests {
  @Suite struct BenchmarkUnderMPI {
    private static let tiny = [
      "--set", "model.widths=[4, 4, 4, 4, 4]", "--set", "model.fc=8", "--height", "32", "--width", "48", "--backend",
      "portable",
    ]

    @Test(
      arguments: [
        ["step", "--batch", "3"] + tiny, ["step", "--batch", "1"] + tiny,
        ["step", "--set", "distributed.exchange=allreduce"] + tiny, ["exchange", "--parameters", "70001"],
        ["loader", "--images", "4", "--scenes", "2", "--height", "24", "--width", "32"], ["checkpoint"] + tiny,
      ])
    func `all ranks measure together and one speaks`(_ arguments: [String]) throws {
      let folder = TemporaryFolder()
      let outcome = try MPILauncher(ranks: 2, folder: folder.path).run(
        "fcn-dist", ["benchmark"] + arguments + ["--warmup", "0", "--repeats", "2", "--json", "result.json"])
      try #require(outcome.exitCode == 0, "\(outcome.tail)")
      #expect(outcome.output.split(separator: "\n").filter { $0.hasPrefix("benchmark ") }.count == 1)
      let json = try JSONSerialization.jsonObject(with: Data(folder.text("result.json").utf8)) as? [String: Any]
      #expect(json?["ranks"] as? Int == 2)
      #expect(json?["machines"] as? Int == 1)
      #expect((json?["seconds"] as? [String: Any])?.isEmpty == false)
    }
  }
}
