import Checkpoints
import Basics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Faults that a test orders with `FCN_DIST_FAULT`, so that real processes fail at a chosen place: `kill@1:7` kills
/// rank 1 in the step that makes the 7th update, `flip-weight@0:3,slow@2:5` orders two. Where `FCN_DIST_FAULT_ONCE`
/// names a file, a fault happens only while that file is missing, and creates it: a restarted job then runs to its end.
/// `kill-checkpoint/renamed@0:6` kills rank 0 while it writes the checkpoint of step 6, at that `CheckpointPoint`.
package struct InjectedFaults: Equatable, Sendable {
  /// The faults that can be ordered.
  package enum Kind: String, CaseIterable, Sendable {
    /// The gradient of the rank is not a number.
    case nan
    /// A bit of a weight that the rank owns turns over between two steps.
    case flipWeight = "flip-weight"
    /// A bit of a weight that another machine owns turns over on its way here.
    case corruptCopy = "corrupt-copy"
    /// SIGKILL, SIGSEGV, SIGABRT and SIGSTOP.
    case kill, crash, abort, stall
    /// This step and all later ones take longer.
    case slow
    /// The rank is asked to stop after the step, as by SIGUSR1.
    case interrupt
    /// SIGKILL at a point of the checkpoint's protocol.
    case killCheckpoint = "kill-checkpoint"
  }

  /// One fault, for one rank and step.
  package struct Order: Equatable, Sendable {
    package let kind: Kind
    /// Of `killCheckpoint` only.
    package let point: CheckpointPoint?
    package let rank: Int
    package let step: Int

    fileprivate init?(_ word: Substring) {
      let parts = word.split(whereSeparator: { $0 == "@" || $0 == ":" })
      guard parts.count == 3, let rank = Int(parts[1]), let step = Int(parts[2]) else { return nil }
      let what = parts[0].split(separator: "/", omittingEmptySubsequences: false).map(String.init)
      guard let kind = what.first.flatMap({ Kind(rawValue: $0) }) else { return nil }
      self.kind = kind
      self.rank = rank
      self.step = step
      point = what.count == 2 ? CheckpointPoint(rawValue: what[1]) : nil
      guard what.count == 1 ? kind != .killCheckpoint : kind == .killCheckpoint && point != nil else { return nil }
    }
  }

  package let orders: [Order]
  /// The file that lets only one of them take effect.
  package let marker: String?

  package static let none = InjectedFaults(orders: [], marker: nil)

  private init(orders: [Order], marker: String?) {
    self.orders = orders
    self.marker = marker
  }

  package init(_ text: String, marker: String? = nil) throws {
    let orders = try text.split(separator: ",").map { word in
      if let order = Order(word) { return order }
      throw Failure(
        .usage, "environment variable FCN_DIST_FAULT has '\(word)'",
        remedy: "it takes KIND@RANK:STEP with \(Kind.allCases.map(\.rawValue).joined(separator: ", ")); "
          + "kill-checkpoint/POINT with \(CheckpointPoint.allCases.map(\.rawValue).joined(separator: ", "))")
    }
    self.init(orders: orders, marker: marker)
  }

  /// What FCN_DIST_FAULT and FCN_DIST_FAULT_ONCE order.
  ///
  /// - Throws: `Failure(.usage)` that shows the form.
  package static func fromEnvironment() throws -> InjectedFaults {
    try InjectedFaults(
      ProcessEnvironment.string("FCN_DIST_FAULT") ?? "", marker: ProcessEnvironment.string("FCN_DIST_FAULT_ONCE"))
  }

  /// Those of one rank of the job.
  package func of(rank: Int) -> InjectedFaults {
    InjectedFaults(orders: orders.filter { $0.rank == rank }, marker: marker)
  }

  /// Is `kind` ordered for the step that makes update number `step`?
  package func triggers(_ kind: Kind, step: Int) -> Bool {
    orders.contains { $0.kind == kind && $0.step == step } && claimMarker()
  }

  /// Does to this process what is ordered for `step`.
  package func injectIntoProcess(step: Int, workSeconds: Double = 0) {
    for (kind, signal) in [(Kind.kill, SIGKILL), (.crash, SIGSEGV), (.abort, SIGABRT), (.stall, SIGSTOP)]
    where triggers(kind, step: step) {
      _ = kill(getpid(), signal)
    }
    if orders.contains(where: { $0.kind == .slow && $0.step <= step }) {
      usleep(UInt32(min(3 * workSeconds, 60) * 1e6))
    }
  }

  /// Kills this process if that is ordered for a point in the writing of the checkpoint of `step`.
  package func injectIntoCheckpoint(_ point: CheckpointPoint, step: Int) {
    let isOrdered = orders.contains { $0.kind == .killCheckpoint && $0.point == point && $0.step == step }
    if isOrdered && claimMarker() { _ = kill(getpid(), SIGKILL) }
  }

  private func claimMarker() -> Bool {
    guard let marker else { return true }
    let file = open(marker, O_CREAT | O_EXCL | O_WRONLY, 0o666)
    guard file >= 0 else { return false }
    close(file)
    return true
  }
}
