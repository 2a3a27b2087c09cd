import Basics
import CSystem

/// What a process that crashes (SIGSEGV, SIGBUS, SIGILL, SIGTRAP, SIGFPE, SIGABRT) leaves behind: `crash-rank-R.txt`
/// with its last operations and the stack of the thread that crashed, and an error line. It ends by the same signal.
package enum CrashRecord {
  /// From now on. One for a process; a later call changes the folder and the rank.
  ///
  /// - Parameter folder: of the run; it must exist when the process crashes.
  package static func begin(folder: String, rank: Int) {
    csystem_crash_prepare("\(folder)/crash-rank-\(rank).txt", "rank \(rank) on \(ProcessEnvironment.hostName)")
  }

  /// The process begins `operation` of `step`. Some hundred nanoseconds.
  static func note(_ operation: String, step: Int) { csystem_crash_note(operation, Int64(step)) }
}
