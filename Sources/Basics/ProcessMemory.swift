/// The memory of this process as the system counts it, in bytes.
package struct ProcessMemory: Equatable, Sendable {
  /// Pages of this process alone, and its part of those it shares with others: over all processes of a machine this
  /// adds up to what they take together.
  package let proportional: Int
  /// Of these, what is in no shared memory: what one more process like this takes.
  package let own: Int
  /// Pages it can see, shared ones in full.
  package let resident: Int

  /// nil where the system does not say.
  package static func current() -> ProcessMemory? {
    SystemFile.text("/proc/self/smaps_rollup").flatMap { ProcessMemory($0) }
  }

  /// - Parameter text: lines such as "Pss:  1234 kB".
  init?(_ text: String) {
    var sizes: [Substring: Int] = [:]
    for line in text.split(separator: "\n") {
      let words = line.split(separator: " ")
      if words.count == 3, words[2] == "kB", let size = Int(words[1]) { sizes[words[0].dropLast()] = 1024 * size }
    }
    guard let resident = sizes["Rss"], let proportional = sizes["Pss"], let shared = sizes["Pss_Shmem"] else {
      return nil
    }
    self.resident = resident
    self.proportional = proportional
    own = proportional - shared
  }
}
