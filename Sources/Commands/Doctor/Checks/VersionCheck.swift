import Basics

/// Do all ranks run the same program with the same libraries?
package enum VersionCheck {
  package static func findings(_ job: JobFacts) -> [Finding] {
    var findings: [Finding] = []
    for name in job.ranks[0].versions.keys.sorted() {
      let values = Dictionary(grouping: job.ranks.indices) { job.ranks[$0].versions[name] ?? "none" }
      guard values.count > 1 else { continue }
      let parts = values.sorted { $0.value[0] < $1.value[0] }.map {
        "\(Finding.ranksText($0.value)) on \(job.ranks[$0.value[0]].host): \($0.key)"
      }
      findings.append(
        Finding(
          .error, "versions", "\(name) differs: \(parts.joined(separator: "; "))",
          remedy: "install the same build at the same path on all machines"))
    }
    guard findings.isEmpty else { return findings }
    let versions = job.ranks[0].versions
    let text = ["fcn-dist", "MPI", "HDF5"].compactMap { name in
      versions[name].map { $0.hasPrefix(name) || name == "MPI" ? $0 : "\(name) \($0)" }
    }
    let reach = job.ranks.count > 1 ? ", the same on all ranks" : ""
    return [Finding(.ok, "versions", text.joined(separator: ", ") + reach)]
  }
}
