import Basics

/// Is there a fast engine, the same on all ranks?
package enum EngineCheck {
  package static func findings(_ job: JobFacts) -> [Finding] {
    let engines = job.ranks.map(\.engine)
    var findings = Finding.problems("engine", engines.map(\.problem))
    findings.append(sameness(engines))
    findings += threads(engines)
    let missing = engines.map { engine in
      engine.oneDNNProblem.map {
        Problem(
          "oneDNN is not used, and the portable engine is many times slower: \($0)",
          remedy: "run launch/setup (it unpacks the wheels onednn-cpu-gomp and onednn-devel-cpu-gomp 2023.2.0 into "
            + ".deps/onednn) and launch/build, or name the library in FCN_DIST_ONEDNN_LIBRARY")
      }
    }
    findings += Finding.problems("oneDNN", missing, verdict: .warning)
    let bfloat16 = Finding.problems("bfloat16", engines.map(\.bfloat16Problem), verdict: .warning)
    findings += bfloat16.isEmpty ? [Finding(.ok, "bfloat16", "train.precision: bfloat16 works on all ranks")] : bfloat16
    return findings
  }

  private static func sameness(_ engines: [EngineFacts]) -> Finding {
    let kinds = Dictionary(grouping: engines.indices) { engines[$0].fingerprint }
    guard kinds.count > 1 else { return Finding(.ok, "engine", engines.first?.summary ?? "none") }
    let parts = kinds.values.sorted { $0[0] < $1[0] }.map { "\(Finding.ranksText($0)): \(engines[$0[0]].summary)" }
    return Finding(
      .error, "engine",
      "the ranks compute with different engines, and no training would start: "
        + parts.joined(separator: "; "),
      remedy: "use machines of one kind with the same libraries, or hold all down to the weakest: "
        + "mpirun -x ONEDNN_MAX_CPU_ISA=AVX512_CORE")
  }

  private static func threads(_ engines: [EngineFacts]) -> [Finding] {
    let wishes = Dictionary(grouping: engines.indices) { engines[$0].wishedThreads }
    guard wishes.count > 1 else { return [] }
    let parts = wishes.sorted { $0.value[0] < $1.value[0] }.map { "\(Finding.ranksText($0.value)): \($0.key)" }
    return [
      Finding(
        .warning, "threads",
        "the ranks would run different numbers of threads (\(parts.joined(separator: "; "))); all "
          + "run \(engines[0].threads), the least",
        remedy: "set OMP_NUM_THREADS on all ranks alike (mpirun -x OMP_NUM_THREADS), or give --threads")
    ]
  }
}
