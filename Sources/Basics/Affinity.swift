#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// The processors that this process may use.
package struct Affinity: Equatable, Sendable {
  /// Numbers of the logical processors in the process's mask, ascending, never empty.
  package let processors: [Int]
  /// Processors' worth of time that the container's quota grants, nil without a quota.
  package let quota: Int?

  package init(processors: [Int], quota: Int?) {
    self.processors = processors
    self.quota = quota
  }

  /// As the system says it now. The mask is read from /proc because the C macros for masks know only 1,024 processors.
  package static func current() -> Affinity {
    let status = SystemFile.text("/proc/self/status") ?? ""
    let list = status.split(separator: "\n").first { $0.hasPrefix("Cpus_allowed_list:") }
    let processors = list.flatMap { processorList(String($0.drop { $0 != ":" }.dropFirst())) } ?? []
    let online = max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))
    return Affinity(
      processors: processors.isEmpty ? Array(0..<online) : processors,
      quota: SystemFile.text("/sys/fs/cgroup/cpu.max").flatMap(quotaProcessors))
  }

  /// How many threads can run at once.
  package var threadCount: Int { max(1, min(processors.count, quota ?? Int.max)) }

  /// Threads for a process with this mask when `others` (itself included) share the machine: every processor is divided
  /// among the processes that may use it, so that bound ranks use what they are bound to and unbound ones share.
  package func threadCount(sharing others: [Affinity]) -> Int {
    var users: [Int: Int] = [:]
    for other in others { for processor in other.processors { users[processor, default: 0] += 1 } }
    let share = processors.reduce(0.0) { $0 + 1 / Double(max(1, users[$1] ?? 1)) }
    let granted = quota.map { Double($0) / Double(max(1, others.count)) } ?? .infinity
    // Thirds and the like must not fall below the whole number that they add up to.
    return max(1, Int(min(share, granted) + 1e-6))
  }

  /// "0-3,8,10-11" as numbers; nil for anything else.
  package static func processorList(_ text: String) -> [Int]? {
    var processors: [Int] = []
    let trimmed = text.filter { !$0.isWhitespace }
    for part in trimmed.split(separator: ",", omittingEmptySubsequences: false) {
      let ends = part.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
      guard let first = ends.first ?? nil, let last = ends.last ?? nil, ends.count <= 2, first >= 0, first <= last,
        last < 1 << 20
      else { return nil }
      processors += first...last
    }
    return processors.sorted()
  }

  /// The other way: "0-3,8".
  package static func listText(_ processors: [Int]) -> String {
    var ranges: [(first: Int, last: Int)] = []
    for processor in processors {
      if let last = ranges.last, last.last + 1 == processor {
        ranges[ranges.count - 1].last = processor
      } else {
        ranges.append((processor, processor))
      }
    }
    return ranges.map { $0.first == $0.last ? "\($0.first)" : "\($0.first)-\($0.last)" }.joined(separator: ",")
  }

  /// "200000 100000" (microseconds per period) as whole processors, at least one; nil for "max 100000", which is no
  /// quota.
  package static func quotaProcessors(_ text: String) -> Int? {
    let numbers = text.split(whereSeparator: \.isWhitespace).map { Double($0) }
    guard numbers.count == 2, let time = numbers[0], let period = numbers[1], time > 0, period > 0 else { return nil }
    return max(1, Int(time / period))
  }
}
