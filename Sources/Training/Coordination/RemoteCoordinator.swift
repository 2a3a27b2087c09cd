import Basics
import Collectives
import Exchange
import RunLogging

/// `distributed.coordinator: dedicated`, on a trainer: hands a copy of the state to rank 0 and goes on. What rank 0
/// found arrives at the next boundary, which is where it takes effect.
package final class RemoteCoordinator: Coordinator {
  package private(set) var policy: ValidationPolicy
  private let store: ParameterStore
  private let slices: [Range<Int>]
  private let trainers: any ProcessGroup
  private let world: any ProcessGroup
  private let log: RunLog?
  private let watchdog: Watchdog?
  private var loggedResults: Int

  package init(
    policy: ValidationPolicy, store: ParameterStore, slices: [Range<Int>], trainers: any ProcessGroup,
    world: any ProcessGroup, log: RunLog?, watchdog: Watchdog?
  ) {
    self.policy = policy
    self.store = store
    self.slices = slices
    self.trainers = trainers
    self.world = world
    self.log = log
    self.watchdog = watchdog
    loggedResults = policy.results.count
  }

  package func handle(_ boundary: StepBoundary) throws {
    // On another machine it may be evaluating still, unseen.
    let timeoutFactor = watchdog?.sees(0) == false ? Watchdog.storageTimeoutFactor : 1
    watchdog?.heartbeat("handing over to rank 0", step: boundary.step, isWaiting: true, timeoutFactor: timeoutFactor)
    if trainers.isCoordinator {
      try JSONMessage.send(boundary, to: 0, tag: DedicatedCoordinator.boundaryTag, over: world)
    }
    try learn()
    let arena = StateArena(store)
    try world.exchange(
      sends: arena.arenas.flatMap { arena in
        slices.map { OutgoingMessage(to: 0, UnsafeRawBufferPointer(start: arena + $0.lowerBound, count: 4 * $0.count)) }
      }, receives: [])
    if boundary.ending != nil { try learn() }
  }

  private func learn() throws {
    let results: [EvaluationRecord] = try JSONMessage.broadcast(
      trainers.isCoordinator
        ? try JSONMessage.receive([EvaluationRecord].self, from: 0, tag: DedicatedCoordinator.resultTag, over: world)
        : nil,
      from: 0, over: trainers)
    policy.record(results)
    for result in policy.results.dropFirst(loggedResults) { try log?.record(result) }
    loggedResults = policy.results.count
  }
}
