import Basics
import Collectives

/// `distributed.coordinator: dedicated`, on a trainer: hands a copy of the state to rank 0 and goes on. What rank 0
/// found arrives at the next event, which is where it takes effect.
package final class RemoteCoordinator: Coordinator {
  package private(set) var steering: Steering
  private let store: ParameterStore
  private let slice: Range<Int>
  private let trainers: any ProcessGroup
  private let world: any ProcessGroup
  private let log: RunLog?
  private let watchdog: Watchdog?
  private var loggedResults: Int

  package init(
    steering: Steering, store: ParameterStore, slice: Range<Int>, trainers: any ProcessGroup,
    world: any ProcessGroup, log: RunLog?, watchdog: Watchdog?
  ) {
    self.steering = steering
    self.store = store
    self.slice = slice
    self.trainers = trainers
    self.world = world
    self.log = log
    self.watchdog = watchdog
    loggedResults = steering.results.count
  }

  package func settle(_ event: Event) throws {
    // On another machine it may be evaluating still, unseen.
    let leniency = watchdog?.sees(0) == false ? Watchdog.storageLeniency : 1
    watchdog?.heartbeat("handing over to rank 0", step: event.step, isWaiting: true, leniency: leniency)
    if trainers.isCoordinator { try Letter.send(event, to: 0, tag: DedicatedCoordinator.eventTag, over: world) }
    try learn()
    let arena = StateArena(store)
    try world.exchange(
      sends: arena.arenas.map {
        OutgoingMessage(to: 0, UnsafeRawBufferPointer(start: $0 + slice.lowerBound, count: 4 * slice.count))
      }, receives: [])
    if event.ending != nil { try learn() }
  }

  private func learn() throws {
    let results: [EvaluationRecord] = try Letter.broadcast(
      trainers.isCoordinator
        ? try Letter.receive([EvaluationRecord].self, from: 0, tag: DedicatedCoordinator.resultTag, over: world) : nil,
      from: 0, over: trainers)
    steering.record(results)
    for result in steering.results.dropFirst(loggedResults) { try log?.record(result) }
    loggedResults = steering.results.count
  }
}
