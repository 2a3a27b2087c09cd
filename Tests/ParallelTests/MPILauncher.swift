import Foundation
import Synchronization
import TestSupport

/// Starts programs of this package under `mpirun`, as people do, and never leaves a process behind.
///
///     let outcome = try MPILauncher(ranks: 3).run("fcn-dist", ["train", "--config", path])
///     #expect(outcome.exitCode == 0, "\(outcome.tail)")
///
/// The program is looked for beside the test bundle, where the build puts it. Standard output and error go to files, so
/// that a silent reader can never block the job. After `timeout` seconds the launcher, its process group and all its
/// descendants are ended, and the outcome says so.
///
/// Tests that start ranks belong into an extension of `ParallelTests`, which runs them one after another.
struct MPILauncher {
  /// Ranks to start; 0 starts the program alone, without mpirun.
  var ranks: Int
  /// Seconds until the job is ended.
  var timeout: Double
  /// OpenMP threads of each rank.
  var threads: Int
  /// Set over the inherited environment.
  var environment: [String: String]
  /// Options of mpirun before the program.
  var options: [String]
  /// Where the program runs; nil: where the tests run.
  var folder: String?

  init(
    ranks: Int, timeout: Double = 60, threads: Int = 1, environment: [String: String] = [:],
    options: [String] = ["--oversubscribe", "--bind-to", "none"], folder: String? = nil
  ) {
    self.ranks = ranks
    self.timeout = timeout
    self.threads = threads
    self.environment = environment
    self.options = options
    self.folder = folder
  }

  struct Outcome {
    /// As a shell gives it: 128 + signal where the launcher itself was killed.
    let exitCode: Int32
    let isTimedOut: Bool
    let output: String
    let errors: String
    let seconds: Double

    /// The lines that fcn-dist promises: one per failed job.
    var errorLines: [String] {
      errors.split(separator: "\n").map(String.init).filter { $0.hasPrefix("fcn-dist: error:") }
    }

    /// What a failed test should show.
    var tail: String {
      let lines = (output + errors).split(separator: "\n").suffix(50).joined(separator: "\n")
      return "exit code \(exitCode)\(isTimedOut ? " (timed out)" : "") after \(seconds) s; last lines:\n\(lines)"
    }
  }

  struct CannotStart: Error, CustomStringConvertible {
    let description: String
  }

  /// The processes named `program` that a launcher has started.
  static func ranks(of launcher: pid_t, program: String) -> [pid_t] {
    Spawned.descendants(of: launcher).filter {
      let name = FileManager.default.contents(atPath: "/proc/\($0)/comm") ?? Data()
      return String(decoding: name, as: UTF8.self) == program + "\n"
    }
  }

  /// The processes that a launcher has started itself, in their order: under mpirun, the ranks of this machine.
  static func children(of launcher: pid_t) -> [pid_t] {
    let text = FileManager.default.contents(atPath: "/proc/\(launcher)/task/\(launcher)/children") ?? Data()
    return String(decoding: text, as: UTF8.self).split(separator: " ").compactMap { pid_t($0) }
  }

  /// The full path of mpirun, nil where it is not installed.
  static let mpirun: String? = (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin").split(separator: ":")
    .map { "\($0)/mpirun" }.first { FileManager.default.isExecutableFile(atPath: $0) }

  /// Runs `program` (a name in this package, or a path) and waits for its end.
  ///
  /// - Parameter meanwhile: called every 20 ms with the launcher's process identifier while the job runs.
  func run(
    _ program: String, _ arguments: [String] = [], meanwhile: (pid_t) -> Void = { _ in }
  ) throws -> Outcome {
    let path = program.hasPrefix("/") ? program : try TestedPackage.program(program)
    var command = [path] + arguments
    if ranks > 0 {
      guard let mpirun = Self.mpirun else { throw CannotStart(description: "mpirun is not installed") }
      command = [mpirun, "-n", "\(ranks)"] + options + command
    }
    // Swift's import of the C library leaves out posix_spawn's change of folder.
    if let folder { command = ["/usr/bin/env", "-C", folder] + command }
    let scratch = TemporaryFolder()
    let start = Date()
    let child = try Spawned(
      command, environment: childEnvironment(scratch.path), output: "\(scratch.path)/output",
      errors: "\(scratch.path)/errors")
    var status: Int32?
    while status == nil && Date().timeIntervalSince(start) < timeout {
      meanwhile(child.processIdentifier)
      usleep(20_000)
      status = child.status()
    }
    let isTimedOut = status == nil
    let exitCode = status ?? child.end()
    return Outcome(
      exitCode: exitCode, isTimedOut: isTimedOut, output: scratch.text("output"), errors: scratch.text("errors"),
      seconds: Date().timeIntervalSince(start))
  }

  /// Nothing of a launcher that may have started the tests themselves, and what a root user in a container needs.
  private func childEnvironment(_ scratch: String) -> [String: String] {
    let foreign = ["OMPI_", "PMIX_", "PMI_", "SLURM_", "MPI_", "FCN_DIST_"]
    var variables = ProcessInfo.processInfo.environment.filter { entry in
      !foreign.contains { entry.key.hasPrefix($0) }
    }
    variables["OMPI_ALLOW_RUN_AS_ROOT"] = "1"
    variables["OMPI_ALLOW_RUN_AS_ROOT_CONFIRM"] = "1"
    variables["OMPI_MCA_mpi_yield_when_idle"] = "1"
    variables["OMP_NUM_THREADS"] = "\(threads)"
    // A crash must end the rank at once, not after a page of registers.
    variables["SWIFT_BACKTRACE"] = "enable=no"
    variables["TMPDIR"] = scratch
    return variables.merging(environment) { _, new in new }
  }
}

/// A child process that leads a process group of its own.
private final class Spawned {
  let processIdentifier: pid_t
  private var knownStatus: Int32?

  init(_ command: [String], environment: [String: String], output: String, errors: String) throws {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_CREAT | O_APPEND, 0o644)
    posix_spawn_file_actions_addopen(&actions, 2, errors, O_WRONLY | O_CREAT | O_APPEND, 0o644)
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    posix_spawnattr_setpgroup(&attributes, 0)
    // The threads of tests hold signals back, and what they start would too.
    var noSignals = sigset_t()
    sigemptyset(&noSignals)
    posix_spawnattr_setsigmask(&attributes, &noSignals)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK))

    var arguments: [UnsafeMutablePointer<CChar>?] = command.map { strdup($0) } + [nil]
    var variables: [UnsafeMutablePointer<CChar>?] = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer { for text in arguments + variables { free(text) } }
    var identifier = pid_t()
    let status = posix_spawn(&identifier, command[0], &actions, &attributes, &arguments, &variables)
    guard status == 0 else {
      throw MPILauncher.CannotStart(description: "cannot start \(command): \(String(cString: strerror(status)))")
    }
    processIdentifier = identifier
  }

  /// The exit code as a shell gives it, nil while the process runs.
  func status() -> Int32? {
    if let knownStatus { return knownStatus }
    var raw: Int32 = 0
    guard waitpid(processIdentifier, &raw, WNOHANG) == processIdentifier else { return nil }
    let signal = raw & 0x7f
    knownStatus = signal == 0 ? (raw >> 8) & 0xff : 128 + signal
    return knownStatus
  }

  /// Ends the process with all that it started: politely first, since mpirun then ends its ranks.
  func end() -> Int32 {
    let descendants = Self.descendants(of: processIdentifier)
    kill(processIdentifier, SIGTERM)
    for _ in 0..<150 where status() == nil { usleep(20_000) }
    kill(-processIdentifier, SIGKILL)
    // mpirun gives each rank a process group of its own.
    for descendant in descendants { kill(descendant, SIGKILL) }
    while status() == nil { usleep(20_000) }
    return status() ?? -1
  }

  fileprivate static func descendants(of ancestor: pid_t) -> [pid_t] {
    let entries = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    var parents: [pid_t: pid_t] = [:]
    for process in entries.compactMap({ pid_t($0) }) {
      let text = FileManager.default.contents(atPath: "/proc/\(process)/stat") ?? Data()
      // After the name in parentheses: state, parent.
      let fields = String(decoding: text, as: UTF8.self).split(separator: ")").last?.split(separator: " ") ?? []
      if fields.count > 1 { parents[process] = pid_t(fields[1]) }
    }
    return parents.keys.filter { process in
      var current = process
      while let parent = parents[current], parent > 1 {
        if parent == ancestor { return true }
        current = parent
      }
      return false
    }
  }
}
