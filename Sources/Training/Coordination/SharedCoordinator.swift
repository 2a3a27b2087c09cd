import Basics
import Collectives
import Exchange
import RunLogging

/// `distributed.coordinator: shared`: all trainers evaluate together, the first of them writes.
package final class SharedCoordinator: Coordinator {
  package private(set) var policy: ValidationPolicy
  private let evaluator: Evaluator?
  private let store: ParameterStore
  private let exchange: GradientExchange
  private let group: any ProcessGroup
  private let classNames: [String]
  private let copier: StateCopier
  /// On the first trainer only.
  private let recorder: RunRecorder?
  private let log: RunLog?
  private let watchdog: Watchdog?

  package init(
    policy: ValidationPolicy, evaluator: Evaluator?, store: ParameterStore, exchange: GradientExchange,
    group: any ProcessGroup, classNames: [String], copier: StateCopier, recorder: RunRecorder?, log: RunLog?,
    watchdog: Watchdog?
  ) {
    self.policy = policy
    self.evaluator = evaluator
    self.store = store
    self.exchange = exchange
    self.group = group
    self.classNames = classNames
    self.copier = copier
    self.log = log
    self.watchdog = watchdog
    self.recorder = recorder
  }

  package func handle(_ boundary: StepBoundary) throws {
    recorder?.note(boundary.records)
    var isBest = false
    if boundary.isEvaluation, let evaluator {
      watchdog?.heartbeat("evaluating", step: boundary.step)
      let evaluation = try evaluator.evaluate(exchange.prepareEvaluation(evaluator.network)) { done, of in
        // After its last image a rank waits for the others.
        watchdog?.heartbeat("evaluating", step: boundary.step, isWaiting: done == of)
        recorder?.progress(evaluated: done, of: of)
      }
      if store.average != nil { try exchange.prepare(evaluator.network) }
      let record = EvaluationRecord(step: boundary.step, evaluation, classNames: classNames)
      policy.record([record])
      isBest = policy.best?.step == boundary.step
      try log?.record(record)
    }
    if boundary.isCheckpoint || isBest {
      watchdog?.heartbeat("gathering the state", step: boundary.step, isWaiting: true)
      try exchange.gatherState()
      try save(boundary)
      try exchange.releaseState()
    }
  }

  /// Copies the state and lets the first trainer write the copy while all go on. The last checkpoint, and any that cannot
  /// be copied for lack of memory, is written synchronously.
  private func save(_ boundary: StepBoundary) throws {
    // The copy before may still be being written.
    if let recorder {
      watchdog?.heartbeat("writing a checkpoint", step: boundary.step, timeoutFactor: Watchdog.storageTimeoutFactor)
      try recorder.finishWriting(isLast: false)
    }
    watchdog?.heartbeat(
      "waiting for the checkpoint", step: boundary.step, isWaiting: true, timeoutFactor: Watchdog.storageTimeoutFactor)
    try group.barrier()
    if boundary.ending == nil, try copier.copy(StateArena(store)) {
      if let copy = copier.arena { try recorder?.write(copy, boundary: boundary, policy: policy) }
      return
    }
    if let recorder {
      watchdog?.heartbeat("writing a checkpoint", step: boundary.step, timeoutFactor: Watchdog.storageTimeoutFactor)
      try recorder.write(StateArena(store), boundary: boundary, policy: policy)
      try recorder.finishWriting(isLast: boundary.ending != nil)
    }
    watchdog?.heartbeat(
      "waiting for the checkpoint", step: boundary.step, isWaiting: true, timeoutFactor: Watchdog.storageTimeoutFactor)
    // Nobody goes on and changes the parameters while they are being read.
    try group.barrier()
  }
}
