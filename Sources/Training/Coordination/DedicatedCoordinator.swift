import Basics
import Collectives
import Exchange
import Model
import RunLogging

/// `distributed.coordinator: dedicated`, on rank 0: evaluates and writes copies of the state while the others train.
package final class DedicatedCoordinator {
  static let boundaryTag = 1
  static let resultTag = 2

  private var policy: ValidationPolicy
  private let network: Network
  private let evaluator: Evaluator?
  private let snapshot: Snapshot
  private let world: any ProcessGroup
  private let bucketLength: Int
  private let classNames: [String]
  private let recorder: RunRecorder
  private let watchdog: Watchdog?
  private let faults: InjectedFaults

  package init(
    policy: ValidationPolicy, network: Network, evaluator: Evaluator?, snapshot: Snapshot, world: any ProcessGroup,
    bucketLength: Int, classNames: [String], recorder: RunRecorder, watchdog: Watchdog?, faults: InjectedFaults
  ) {
    self.policy = policy
    self.network = network
    self.snapshot = snapshot
    self.classNames = classNames
    self.evaluator = evaluator
    self.world = world
    self.bucketLength = bucketLength
    self.recorder = recorder
    self.watchdog = watchdog
    self.faults = faults
  }

  /// Follows the trainers from boundary to boundary until the last one.
  package func run() throws -> StepBoundary.Ending {
    while true {
      // Until the next boundary nobody waits for this rank; the trainers watch each other, and it watches them.
      watchdog?.suspend()
      let boundary = try JSONMessage.receive(StepBoundary.self, from: 1, tag: Self.boundaryTag, over: world)
      try JSONMessage.send(policy.results, to: 1, tag: Self.resultTag, over: world)
      watchdog?.heartbeat("receiving the state", step: boundary.step, isWaiting: true)
      try receiveState()
      faults.injectIntoProcess(step: boundary.step)
      recorder.note(boundary.records)
      try handle(boundary)
      if let ending = boundary.ending {
        try JSONMessage.send(policy.results, to: 1, tag: Self.resultTag, over: world)
        return ending
      }
    }
  }

  private func receiveState() throws {
    let ownership = Ownership(
      count: network.parameters.floatCount, owners: world.size - 1, bucketLength: bucketLength)
    var receives: [IncomingMessage] = []
    for trainer in 0..<world.size - 1 {
      for arena in snapshot.arena.arenas {
        receives += ownership.slices(of: trainer).map {
          IncomingMessage(
            from: trainer + 1, UnsafeMutableRawBufferPointer(start: arena + $0.lowerBound, count: 4 * $0.count))
        }
      }
    }
    try world.exchange(sends: [], receives: receives)
  }

  private func handle(_ boundary: StepBoundary) throws {
    var isBest = false
    if boundary.isEvaluation, let evaluator {
      watchdog?.heartbeat("evaluating", step: boundary.step)
      network.prepare(snapshot.evaluatedMemory, piece: 0, of: 1)
      let evaluation = try evaluator.evaluate(snapshot.evaluatedMemory) { _, _ in
        watchdog?.heartbeat("evaluating", step: boundary.step)
      }
      let record = EvaluationRecord(step: boundary.step, evaluation, classNames: classNames)
      policy.record([record])
      isBest = policy.best?.step == boundary.step
      recorder.show(record)
    }
    if boundary.isCheckpoint || isBest {
      watchdog?.heartbeat("writing a checkpoint", step: boundary.step, timeoutFactor: Watchdog.storageTimeoutFactor)
      try recorder.write(snapshot.arena, boundary: boundary, policy: policy)
      try recorder.finishWriting(isLast: boundary.ending != nil)
    }
  }
}
