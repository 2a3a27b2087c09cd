import Basics
import Collectives

/// `distributed.coordinator: shared`: all trainers evaluate together, the first of them writes.
package final class SharedCoordinator: Coordinator {
  package private(set) var steering: Steering
  private let evaluator: Evaluator?
  private let store: ParameterStore
  private let exchange: GradientExchange
  private let group: any ProcessGroup
  private let classNames: [String]
  private let copier: StateCopier
  /// On the first trainer only.
  private let secretary: Secretary?
  private let log: RunLog?
  private let watchdog: Watchdog?

  package init(
    steering: Steering, evaluator: Evaluator?, store: ParameterStore, exchange: GradientExchange,
    group: any ProcessGroup, classNames: [String], copier: StateCopier, secretary: Secretary?, log: RunLog?,
    watchdog: Watchdog?
  ) {
    self.steering = steering
    self.evaluator = evaluator
    self.store = store
    self.exchange = exchange
    self.group = group
    self.classNames = classNames
    self.copier = copier
    self.log = log
    self.watchdog = watchdog
    self.secretary = secretary
  }

  package func settle(_ event: Event) throws {
    secretary?.note(event.records)
    var isBest = false
    if event.isEvaluation, let evaluator {
      watchdog?.heartbeat("evaluating", step: event.step)
      let evaluation = try evaluator.evaluate(store.memory) { done, of in
        // After its last image a rank waits for the others.
        watchdog?.heartbeat("evaluating", step: event.step, isWaiting: done == of)
        secretary?.progress(evaluated: done, of: of)
      }
      let record = EvaluationRecord(step: event.step, evaluation, classNames: classNames)
      steering.record([record])
      isBest = steering.best?.step == event.step
      try log?.record(record)
    }
    if event.isCheckpoint || isBest { try save(event) }
  }

  /// Copies the state and lets the first trainer write the copy while all go on; the run's last checkpoint, and one for
  /// whose copy there is no memory, is waited for.
  private func save(_ event: Event) throws {
    watchdog?.heartbeat("gathering the state", step: event.step, isWaiting: true)
    try exchange.gatherState()
    // The copy before may still be being written.
    if let secretary {
      watchdog?.heartbeat("writing a checkpoint", step: event.step, leniency: Watchdog.storageLeniency)
      try secretary.finishWriting(isLast: false)
    }
    watchdog?.heartbeat(
      "waiting for the checkpoint", step: event.step, isWaiting: true, leniency: Watchdog.storageLeniency)
    try group.barrier()
    if event.ending == nil, try copier.copy(StateArena(store)) {
      if let copy = copier.arena { try secretary?.write(copy, event: event, steering: steering) }
      return
    }
    if let secretary {
      watchdog?.heartbeat("writing a checkpoint", step: event.step, leniency: Watchdog.storageLeniency)
      try secretary.write(StateArena(store), event: event, steering: steering)
      try secretary.finishWriting(isLast: event.ending != nil)
    }
    watchdog?.heartbeat(
      "waiting for the checkpoint", step: event.step, isWaiting: true, leniency: Watchdog.storageLeniency)
    // Nobody goes on and changes the parameters while they are being read.
    try group.barrier()
  }
}
