import Basics
import Collectives
import Model

/// `distributed.coordinator: dedicated`, on rank 0: evaluates and writes copies of the state while the others train.
package final class DedicatedCoordinator {
  static let eventTag = 1
  static let resultTag = 2

  private var steering: Steering
  private let network: Network
  private let evaluator: Evaluator?
  private let snapshot: Snapshot
  private let world: any ProcessGroup
  private let classNames: [String]
  private let secretary: Secretary
  private let watchdog: Watchdog?
  private let faults: InjectedFaults

  package init(
    steering: Steering, network: Network, evaluator: Evaluator?, snapshot: Snapshot, world: any ProcessGroup,
    classNames: [String], secretary: Secretary, watchdog: Watchdog?, faults: InjectedFaults
  ) {
    self.steering = steering
    self.network = network
    self.snapshot = snapshot
    self.classNames = classNames
    self.evaluator = evaluator
    self.world = world
    self.secretary = secretary
    self.watchdog = watchdog
    self.faults = faults
  }

  /// Follows the trainers from event to event until their last one.
  package func run() throws -> Event.Ending {
    while true {
      // Until the next event nobody waits for this rank; the trainers watch each other, and it watches them.
      watchdog?.suspend()
      let event = try Letter.receive(Event.self, from: 1, tag: Self.eventTag, over: world)
      try Letter.send(steering.results, to: 1, tag: Self.resultTag, over: world)
      watchdog?.heartbeat("receiving the state", step: event.step, isWaiting: true)
      try receiveState()
      faults.strikeProcess(step: event.step)
      secretary.note(event.records)
      try handle(event)
      if let ending = event.ending {
        try Letter.send(steering.results, to: 1, tag: Self.resultTag, over: world)
        return ending
      }
    }
  }

  private func receiveState() throws {
    let layout = ChunkedRange(count: network.parameters.floatCount)
    var receives: [IncomingMessage] = []
    for trainer in 0..<world.size - 1 {
      let slice = layout.slice(ofOwner: trainer, of: world.size - 1)
      for arena in snapshot.arena.arenas {
        receives.append(
          IncomingMessage(
            from: trainer + 1,
            UnsafeMutableRawBufferPointer(start: arena + slice.lowerBound, count: 4 * slice.count)))
      }
    }
    try world.exchange(sends: [], receives: receives)
  }

  private func handle(_ event: Event) throws {
    var isBest = false
    if event.isEvaluation, let evaluator {
      watchdog?.heartbeat("evaluating", step: event.step)
      network.prepare(snapshot.memory, piece: 0, of: 1)
      let evaluation = try evaluator.evaluate(snapshot.memory) { _, _ in
        watchdog?.heartbeat("evaluating", step: event.step)
      }
      let record = EvaluationRecord(step: event.step, evaluation, classNames: classNames)
      steering.record([record])
      isBest = steering.best?.step == event.step
      secretary.show(record)
    }
    if event.isCheckpoint || isBest {
      watchdog?.heartbeat("writing a checkpoint", step: event.step, leniency: Watchdog.storageLeniency)
      try secretary.write(snapshot.arena, event: event, steering: steering)
      try secretary.finishWriting(isLast: event.ending != nil)
    }
  }
}
