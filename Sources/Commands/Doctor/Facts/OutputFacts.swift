import Basics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// What rank 0 finds where runs will be written.
package struct OutputFacts: Equatable, Sendable {
  package var folder: String
  package var mount: MountPoint?
  package var freeByteCount: Int?
  /// Why files cannot be written, synced and renamed there.
  package var writeProblem: Problem?
  /// Why files cannot be locked there.
  package var lockProblem: String?
  /// Bytes a second, the sync included; nil where nothing could be written.
  package var bytesPerSecond: Double?
  /// Ranks that do not see what rank 0 wrote.
  package var blindRanks: [Int] = []

  package init(folder: String) { self.folder = folder }

  static let probeByteCount = 8 << 20
  static func probePath(_ folder: String) -> String { "\(folder)/.fcn-dist-doctor" }

  /// Writes a file, syncs, renames and locks it. It stays until `remove`, so that the other ranks can look for it.
  static func examine(_ folder: String) -> OutputFacts {
    var facts = OutputFacts(folder: folder)
    facts.mount = MountPoint.holding(folder)
    let start = ProcessEnvironment.monotonicSeconds
    let outcome = Problem.catching {
      try Folder.make(folder)
      try [UInt8](repeating: 1, count: probeByteCount).withUnsafeBytes {
        try FileBytes.write($0, to: probePath(folder))
      }
    }
    facts.writeProblem = outcome.problem
    facts.freeByteCount = MemoryFacts.space(of: folder)?.free
    guard facts.writeProblem == nil else { return facts }
    facts.bytesPerSecond = Double(probeByteCount) / (ProcessEnvironment.monotonicSeconds - start)
    facts.lockProblem = lockProblem(probePath(folder))
    return facts
  }

  private static func lockProblem(_ path: String) -> String? {
    let file = open(path, O_RDWR | O_CLOEXEC)
    guard file >= 0 else { return systemErrorText() }
    defer { close(file) }
    return flock(file, LOCK_EX | LOCK_NB) == 0 ? nil : systemErrorText()
  }

  static func isVisible(_ folder: String) -> Bool { access(probePath(folder), R_OK) == 0 }

  /// Removes the probe, and the folder where it was made for it.
  static func remove(_ folder: String, keepingFolder: Bool) {
    unlink(probePath(folder))
    if !keepingFolder { rmdir(folder) }
  }
}
