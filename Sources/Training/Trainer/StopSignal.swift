import Dispatch

#if canImport(Glibc)
  import Glibc
#endif

/// Remembers that the process was asked to stop (SIGTERM; SIGUSR1, which Slurm and mpirun forward before a time limit).
/// The trainers agree on it at the end of a step, write a checkpoint and exit with 75.
package final class StopSignal: @unchecked Sendable {
  private var sources: [any DispatchSourceSignal] = []
  private let signals: [Int32]
  private let lock = DispatchQueue(label: "fcn-dist.stop-signal")
  private var requested = false

  package init(signals: [Int32] = [SIGTERM, SIGUSR1]) {
    self.signals = signals
    let queue = DispatchQueue(label: "fcn-dist.signals")
    for number in signals {
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
      source.setEventHandler { [weak self] in self?.request() }
      source.resume()
      sources.append(source)
    }
  }

  /// From then on the signals end the process again, and what it starts. Not where a stop was asked for: a second signal
  /// must not come between the checkpoint and the exit code that tells of it.
  deinit {
    for source in sources { source.cancel() }
    if !requested { for number in signals { signal(number, SIG_DFL) } }
  }

  /// Asks for a stop, as SIGTERM does.
  package func request() { lock.sync { requested = true } }
  package var isRequested: Bool { lock.sync { requested } }
}
