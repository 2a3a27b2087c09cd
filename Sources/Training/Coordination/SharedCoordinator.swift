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

  package init(
    steering: Steering, evaluator: Evaluator?, store: ParameterStore, exchange: GradientExchange,
    group: any ProcessGroup, classNames: [String], copier: StateCopier, secretary: Secretary?, log: RunLog?
  ) {
    self.steering = steering
    self.evaluator = evaluator
    self.store = store
    self.exchange = exchange
    self.group = group
    self.classNames = classNames
    self.copier = copier
    self.log = log
    self.secretary = secretary
  }

  package func settle(_ event: Event) throws {
    secretary?.note(event.records)
    var isBest = false
    if event.isEvaluation, let evaluator {
      let evaluation = try evaluator.evaluate(store.memory) { done, of in
        self.secretary?.progress(evaluated: done, of: of)
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
    try exchange.gatherState()
    // The copy before may still be being written.
    try secretary?.finishWriting(isLast: false)
    try group.barrier()
    if event.ending == nil, try copier.copy(StateArena(store)) {
      if let copy = copier.arena { try secretary?.write(copy, event: event, steering: steering) }
      return
    }
    try secretary?.write(StateArena(store), event: event, steering: steering)
    try secretary?.finishWriting(isLast: event.ending != nil)
    // Nobody goes on and changes the parameters while they are being read.
    try group.barrier()
  }
}
