import Basics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Aborts a job that has stalled, and says which rank stopped it.
///
/// The trainer posts what it does with `heartbeat`; a thread checks that heartbeats keep coming. After a silence of
/// `max(minimum, factor x median step time)` every rank of the machine writes what it did last to
/// `hang-rank-R.txt` in the run's folder, one of them names the rank that the others wait for, and the job ends with
/// exit code 75, on which schedulers start it again.
///
/// A rank whose process dies is first noticed by the launcher (mpirun, srun), which ends the others at once. The watchdog
/// is for ranks that hang, and for a death that no launcher sees: `HeartbeatTable` covers the ranks of this machine (a
/// rank whose process is stopped or gone is named at once), `NodeHeartbeatFiles` those of other machines.
package final class Watchdog: Sendable {
  /// How long a rank may be silent, and who is told.
  package struct Settings: Sendable {
    /// Seconds of silence that are always allowed; 0 turns the watchdog off.
    package var minimum: Double
    /// Silence allowed, in median step times.
    package var factor: Double
    /// How often the thread looks, in seconds.
    package var interval: Double
    /// How many times longer the ranks of a machine wait when all of them only wait, for another machine: they cannot
    /// see whether it works, and its own ranks notice earlier when it does not.
    package var remoteFactor: Double

    package init(minimum: Double = 60, factor: Double = 10, interval: Double = 0.5, remoteFactor: Double = 5) {
      self.minimum = minimum
      self.factor = factor
      self.interval = interval
      self.remoteFactor = remoteFactor
    }

    /// `FCN_DIST_WATCHDOG_SECONDS` (0: off) and `FCN_DIST_WATCHDOG_STEPS`, else the defaults.
    package static func fromEnvironment() throws -> Settings {
      let minimum = try ProcessEnvironment.integer("FCN_DIST_WATCHDOG_SECONDS", default: 60, in: 0...1_000_000)
      let factor = try ProcessEnvironment.integer("FCN_DIST_WATCHDOG_STEPS", default: 10, in: 1...1_000_000)
      return Settings(minimum: Double(minimum), factor: Double(factor), interval: minimum < 5 ? 0.1 : 0.5)
    }
  }

  /// Timeout factor for file I/O and for other work whose duration cannot be observed from here.
  package static let storageTimeoutFactor = 10.0

  /// What was found when the timeout had passed.
  package struct Finding: Sendable, Equatable {
    /// The error line's text.
    package let message: String
    /// The file with this rank's last operations.
    package let file: String
  }

  private struct State {
    var history = OperationHistory()
    var current: HeartbeatTable.Entry
    var isStopped = false
    var thread: WorkerThread?
  }

  private let table: HeartbeatTable
  /// This rank's entry in the table.
  private let position: Int
  private let rank: Int
  private let host = ProcessEnvironment.hostName
  private let folder: String
  private let settings: Settings
  private let endJob: @Sendable (Finding) -> Void
  private let state: Monitor<State>
  private let nodeFiles: NodeHeartbeatFiles
  /// Processes of this machine's ranks that could be seen at first.
  private let visible: Set<Int>

  /// - Important: Collective.
  /// - Parameters:
  ///   - group: the ranks to watch.
  ///   - rank: this rank's number in the job, for people, where `group` is not the whole job.
  ///   - folder: where `hang-rank-R.txt` is written; it must exist by then.
  ///   - endJob: called on the watchdog's thread by the rank that speaks; nil: prints the error line and ends the job
  ///     with code 75.
  package init(
    group: any ProcessGroup, rank: Int? = nil, folder: String, settings: Settings,
    endJob: (@Sendable (Finding) -> Void)? = nil
  ) throws {
    let node = try group.nodeGroup()
    let memory = try node.sharedMemory(byteCount: HeartbeatTable.byteCount(ranks: node.size))
    table = HeartbeatTable(memory: memory, count: node.size)
    position = node.rank
    self.rank = rank ?? group.rank
    self.folder = folder
    self.settings = settings
    let job = JobEnd(group)
    self.endJob = endJob ?? { finding in job.end(finding) }
    let start = HeartbeatTable.Entry(
      rank: self.rank, processIdentifier: Int(getpid()), step: 0, operation: "start", isWaiting: false,
      time: ProcessEnvironment.monotonicSeconds, isActive: true, timeout: settings.minimum)
    state = Monitor(State(current: start))
    table.post(start, at: position)
    nodeFiles = try NodeHeartbeatFiles(rank: self.rank, group: group, node: node, folder: folder)
    ThreadStack.prepare()
    // Nobody may look at a neighbour that has not posted yet.
    try node.barrier()
    visible = table.visibleProcesses
    try node.close()
    guard settings.minimum > 0 else { return }
    let thread = try WorkerThread(name: "watchdog") { self.watch() }
    state.withLock { $0.thread = thread }
  }

  /// Ends the watch. Call it before the group goes away: until then the thread keeps the watchdog alive.
  package func stop() {
    let thread = state.change { state in
      state.isStopped = true
      state.current.isActive = false
      table.post(state.current, at: position)
      defer { state.thread = nil }
      return state.thread
    }
    // With no watchdog thread, remove the file that `init` wrote.
    if let thread { thread.join() } else { nodeFiles.remove() }
  }

  /// This rank begins `operation` of `step`.
  ///
  /// - Parameters:
  ///   - isWaiting: does the operation end only with the help of other ranks?
  ///   - timeoutFactor: how many times longer than a step's part it may take.
  package func heartbeat(_ operation: String, step: Int, isWaiting: Bool = false, timeoutFactor: Double = 1) {
    let now = ProcessEnvironment.monotonicSeconds
    state.withLock { state in
      CrashRecord.note(operation, step: step)
      state.history.note(operation, step: step, at: now)
      state.current.step = step
      state.current.operation = operation
      state.current.isWaiting = isWaiting
      state.current.time = now
      state.current.isActive = true
      state.current.timeout = timeoutFactor * timeout(state)
      table.post(state.current, at: position)
    }
  }

  /// Stops the clock, for work of unknown length or while nobody waits for this rank, until `resume` or a heartbeat.
  package func suspend() { setActive(false) }
  /// Watches again after `suspend`.
  package func resume() { setActive(true) }

  private func setActive(_ isActive: Bool) {
    state.withLock { state in
      state.current.isActive = isActive
      state.current.time = ProcessEnvironment.monotonicSeconds
      table.post(state.current, at: position)
    }
  }

  /// Is `rank` on this machine, so that its silence is seen from here?
  package func sees(_ rank: Int) -> Bool { table.entries.contains { $0.rank == rank } }

  /// Seconds of silence that are allowed now.
  package var timeout: Double { state.withLock { timeout($0) } }

  private func timeout(_ state: State) -> Double {
    max(settings.minimum, settings.factor * (state.history.medianStepSeconds ?? 0))
  }

  private func watch() {
    var last = ProcessEnvironment.monotonicSeconds
    while true {
      let isOver = state.wait(until: last + settings.interval) { $0.isStopped ? true : nil } ?? false
      if isOver { return nodeFiles.remove() }
      let now = ProcessEnvironment.monotonicSeconds
      // This thread itself did not run: the whole job was suspended, and silence in that time means nothing.
      if now - last > max(5, 10 * settings.interval) {
        state.withLock {
          $0.current.time = now
          table.post($0.current, at: position)
        }
        last = now
        nodeFiles.reset()
        continue
      }
      last = now
      let stalledRank = table.stalledRank(at: now, visible: visible)
      let silence = silence(at: now)
      if table.hasReport || stalledRank != nil || silence != nil
        || table.allRanksWait(at: now, factor: settings.remoteFactor)
      {
        return reportStall(at: now, stalledRank, silence)
      }
    }
  }

  /// Gives this machine's sign of life, and looks for that of the others when all here have begun to wait for long.
  private func silence(at now: Double) -> NodeHeartbeatFiles.Silence? {
    let own = table.entry(at: position)
    nodeFiles.update("in \"\(own.operation)\" of step \(own.step)", at: now, interval: min(5, settings.minimum / 10))
    guard position == 0, table.allRanksWait(at: now, factor: 0.25) else { return nil }
    let silence = nodeFiles.firstStale(for: 0.7 * own.timeout, at: now)
    return table.allRanksWait(at: now, factor: 1) ? silence : nil
  }

  private func reportStall(at now: Double, _ stalledRank: HeartbeatTable.Entry?, _ silence: NodeHeartbeatFiles.Silence?)
  {
    let path = "\(folder)/hang-rank-\(rank).txt"
    var report = HangReport(
      rank: rank, host: host, now: now, neighbours: table.entries, recent: state.withLock { $0.history.recent },
      stalledRank: stalledRank, silence: silence)
    var isWritten = write(report, to: path)
    // Ranks that only wait for another machine let that one speak first: it knows whom to name. Where it is silent, the
    // machines speak one after the other, and the first ends the job.
    if stalledRank == nil { sleepSeconds(silence == nil ? 2 : min(9, 3 * Double(nodeFiles.machineNumber))) }
    let isFirst = table.claimReport()
    // After all else: asking the threads disturbs them, and may even set a job going again that nobody trusts any more.
    report.stacks = ThreadStack.ofAllThreads()
    isWritten = write(report, to: path) || isWritten
    // Time for the neighbours to write their files. The first ends the job; should it die before that, this rank does.
    sleepSeconds(isFirst ? 2 * settings.interval + 1 : 10)
    endJob(Finding(message: report.sentence + (isFirst && isWritten ? "; see \(path)" : ""), file: path))
  }

  /// Writes on another thread and waits for a few seconds only: that its file system hangs may be why the job does.
  private func write(_ report: HangReport, to path: String) -> Bool {
    let outcome = Monitor<Bool?>(nil)
    let text = report.text
    let thread = try? WorkerThread(name: "hang report") {
      let isWritten =
        (try? text.utf8CString.withUnsafeBytes {
          try FileBytes.write(UnsafeRawBufferPointer(rebasing: $0.dropLast()), to: path)
        }) != nil
      outcome.change { $0 = isWritten }
    }
    guard thread != nil else { return false }
    return outcome.wait(until: ProcessEnvironment.monotonicSeconds + 5) { $0 } ?? false
  }

  private func sleepSeconds(_ seconds: Double) { usleep(UInt32(seconds * 1e6)) }
}

/// Ends the job from the watchdog's thread. The group is not Sendable, and rightly: this is the one call that another
/// thread may make, because the one that owns the group is stuck.
private final class JobEnd: @unchecked Sendable {
  private let group: any ProcessGroup
  init(_ group: any ProcessGroup) { self.group = group }

  func end(_ finding: Watchdog.Finding) {
    let failure = Failure(
      .restart, finding.message, remedy: "start the command again with --resume auto")
    Diagnostic.line(Diagnostic.errorLine(failure))
    group.abort(code: failure.exitCode)
  }
}
