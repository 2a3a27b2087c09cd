import Basics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Files in the run's folder by which machines that share no memory see that the others still run.
///
/// The watchdog of each machine's first rank writes one every now and then, whatever its trainer does; a process that
/// is stopped, or a machine that is gone, no longer does. Times are those of the reader's clock. Where machines do not
/// see each other's files, nobody is found silent.
///
/// All calls but `init` come from the watchdog's thread, or, where it has none, from the one that stops it.
final class NodeHeartbeatFiles: @unchecked Sendable {
  struct Silence: Equatable {
    let rank: Int
    let host: String
    let seconds: Int
    /// What it last wrote: "process 77, in "exchange" of step 4".
    let last: String

    var sentence: String {
      "rank \(rank) on \(host) has given no sign of life for \(seconds) s; its last was: \(last)"
    }
  }

  private struct Machine {
    let rank: Int
    let host: String
    var text = ""
    var changed: Double?
  }

  private let folder: String
  /// nil: another rank of this machine writes.
  private let writer: Int?
  private var machines: [Machine]
  /// This machine's place among all.
  let machineNumber: Int
  private var count = 0
  private var written = -Double.infinity

  /// - Parameters:
  ///   - rank: this rank's number in the job.
  ///   - group: all ranks.
  ///   - node: the ranks of this machine.
  /// - Important: Collective over `group`.
  init(rank: Int, group: any ProcessGroup, node: any ProcessGroup, folder: String) throws {
    self.folder = folder
    let first = Int(try node.allReduce(Int64(rank), .minimum))
    let entries = try group.allGather(Array("\(first) \(ProcessEnvironment.hostName)".utf8))
    var found: [Int: String] = [:]
    for entry in entries {
      let words = String(decoding: entry, as: UTF8.self).split(separator: " ", maxSplits: 1)
      if words.count == 2, let rank = Int(words[0]) { found[rank] = String(words[1]) }
    }
    machineNumber = found.keys.sorted().firstIndex(of: first) ?? 0
    machines = found.filter { $0.key != first }.sorted { $0.key < $1.key }.map { Machine(rank: $0.key, host: $0.value) }
    writer = first == rank && !machines.isEmpty ? rank : nil
    // Overwrite the file of an earlier job before anyone reads it.
    update("in \"start\" of step 0", at: ProcessEnvironment.monotonicSeconds, interval: 0)
  }

  private func path(_ rank: Int) -> String { "\(folder)/.alive-rank-\(rank)" }

  /// Says that this process runs, at most once in `interval` seconds. Errors are ignored: the other machines only lack
  /// this heartbeat.
  func update(_ doing: String, at now: Double, interval: Double) {
    guard let writer, now - written >= interval else { return }
    written = now
    count += 1
    let file = open(path(writer), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
    guard file >= 0 else { return }
    let bytes = Array("\(count)\nprocess \(getpid()), \(doing)\n".utf8)
    _ = write(file, bytes, bytes.count)
    close(file)
  }

  /// Looks at the other machines' files.
  ///
  /// - Returns: the first rank whose file has not changed for `seconds` while this process looked.
  func firstStale(for seconds: Double, at now: Double) -> Silence? {
    var silence: Silence?
    for index in machines.indices {
      // An empty file is being written.
      guard let text = SystemFile.text(path(machines[index].rank)), !text.isEmpty else { continue }
      if text != machines[index].text || machines[index].changed == nil {
        machines[index].text = text
        machines[index].changed = now
      } else if let changed = machines[index].changed, now - changed >= seconds, silence == nil {
        silence = Silence(
          rank: machines[index].rank, host: machines[index].host, seconds: Int((now - changed).rounded()),
          last: text.split(separator: "\n").last.map(String.init) ?? "")
      }
    }
    return silence
  }

  /// Forgets what was read before: nobody looked for a while.
  func reset() { for index in machines.indices { machines[index].changed = nil } }

  func remove() { if let writer { unlink(path(writer)) } }
}
