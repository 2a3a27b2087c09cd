import Foundation

/// What the processor can do, as far as ONEDNN_MAX_CPU_ISA lets it: so that a machine with AVX-512 can run the tests as
/// one without.
package enum Processor {
  package static let hasAVX512: Bool = {
    let limit = ProcessInfo.processInfo.environment["ONEDNN_MAX_CPU_ISA"] ?? ""
    guard !limit.uppercased().hasPrefix("AVX2") else { return false }
    let features = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
    return features.contains("avx512bw")
  }()
}
