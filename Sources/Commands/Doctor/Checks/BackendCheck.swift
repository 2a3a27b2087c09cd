import Basics

/// Is there a fast backend, the same on all ranks?
package enum BackendCheck {
  package static func findings(_ job: JobFacts) -> [Finding] {
    let backends = job.ranks.map(\.backend)
    var findings = Finding.problems("backend", backends.map(\.problem))
    findings.append(sameness(backends))
    findings += threads(backends)
    let missing = backends.map { backend in
      backend.oneDNNProblem.map {
        Problem(
          "oneDNN is not used, and the portable backend is many times slower: \($0)",
          remedy: "run launch/setup (it unpacks the wheels onednn-cpu-gomp and onednn-devel-cpu-gomp 2023.2.0 into "
            + ".deps/onednn) and launch/build, or name the library in FCN_DIST_ONEDNN_LIBRARY")
      }
    }
    findings += Finding.problems("oneDNN", missing, verdict: .warning)
    let bfloat16 = Finding.problems("bfloat16", backends.map(\.bfloat16Problem), verdict: .warning)
    findings += bfloat16.isEmpty ? [Finding(.ok, "bfloat16", "train.precision: bfloat16 works on all ranks")] : bfloat16
    return findings
  }

  private static func sameness(_ backends: [BackendFacts]) -> Finding {
    let kinds = Dictionary(grouping: backends.indices) { backends[$0].fingerprint }
    guard kinds.count > 1 else { return Finding(.ok, "backend", backends.first?.summary ?? "none") }
    let parts = kinds.values.sorted { $0[0] < $1[0] }.map { "\(Finding.ranksText($0)): \(backends[$0[0]].summary)" }
    return Finding(
      .error, "backend",
      "the ranks compute with different backends, and no training would start: "
        + parts.joined(separator: "; "),
      remedy: "use machines of one kind with the same libraries, or hold all down to the weakest: "
        + "mpirun -x ONEDNN_MAX_CPU_ISA=AVX512_CORE")
  }

  private static func threads(_ backends: [BackendFacts]) -> [Finding] {
    let wishes = Dictionary(grouping: backends.indices) { backends[$0].wishedThreads }
    guard wishes.count > 1 else { return [] }
    let parts = wishes.sorted { $0.value[0] < $1.value[0] }.map { "\(Finding.ranksText($0.value)): \($0.key)" }
    return [
      Finding(
        .warning, "threads",
        "the ranks would run different numbers of threads (\(parts.joined(separator: "; "))); all "
          + "run \(backends[0].threads), the least",
        remedy: "set OMP_NUM_THREADS on all ranks alike (mpirun -x OMP_NUM_THREADS), or give --threads")
    ]
  }
}
