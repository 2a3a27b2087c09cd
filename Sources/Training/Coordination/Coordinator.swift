import Basics
import Collectives
import Model

/// What the trainers do together at an event: evaluate, write a checkpoint, learn what the evaluations mean.
///
/// - Important: `settle` is collective over the trainers.
package protocol Coordinator: AnyObject {
  var steering: Steering { get }
  func settle(_ event: Event) throws
}

/// `distributed.coordinator: shared`: all trainers evaluate together, the first of them writes.
package final class SharedCoordinator: Coordinator {
  package private(set) var steering: Steering
  private let evaluator: Evaluator?
  private let store: ParameterStore
  private let exchange: GradientExchange
  private let group: any ProcessGroup
  private let classNames: [String]
  /// On the first trainer only.
  private let secretary: Secretary?
  private let log: RunLog?

  package init(
    steering: Steering, evaluator: Evaluator?, store: ParameterStore, exchange: GradientExchange,
    group: any ProcessGroup, classNames: [String], secretary: Secretary?, log: RunLog?
  ) {
    self.steering = steering
    self.evaluator = evaluator
    self.store = store
    self.exchange = exchange
    self.group = group
    self.classNames = classNames
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
    if event.isCheckpoint || isBest {
      try exchange.gatherState()
      try secretary?.save(StateArena(store), event: event, steering: steering)
      // Nobody goes on and changes the parameters while they are being read.
      try group.barrier()
    }
  }
}

/// `distributed.coordinator: dedicated`, on a trainer: hands a copy of the state to rank 0 and goes on. What rank 0
/// found arrives at the next event, which is where it takes effect.
package final class RemoteCoordinator: Coordinator {
  package private(set) var steering: Steering
  private let store: ParameterStore
  private let slice: Range<Int>
  private let trainers: any ProcessGroup
  private let world: any ProcessGroup
  private let log: RunLog?
  private var loggedResults: Int

  package init(
    steering: Steering, store: ParameterStore, slice: Range<Int>, trainers: any ProcessGroup,
    world: any ProcessGroup, log: RunLog?
  ) {
    self.steering = steering
    self.store = store
    self.slice = slice
    self.trainers = trainers
    self.world = world
    self.log = log
    loggedResults = steering.results.count
  }

  package func settle(_ event: Event) throws {
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

  package init(
    steering: Steering, network: Network, evaluator: Evaluator?, snapshot: Snapshot, world: any ProcessGroup,
    classNames: [String], secretary: Secretary
  ) {
    self.steering = steering
    self.network = network
    self.snapshot = snapshot
    self.classNames = classNames
    self.evaluator = evaluator
    self.world = world
    self.secretary = secretary
  }

  /// Follows the trainers from event to event until their last one.
  package func run() throws -> Event.Ending {
    while true {
      let event = try Letter.receive(Event.self, from: 1, tag: Self.eventTag, over: world)
      try Letter.send(steering.results, to: 1, tag: Self.resultTag, over: world)
      try receiveState()
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
      network.prepare(snapshot.memory, piece: 0, of: 1)
      let evaluation = try evaluator.evaluate(snapshot.memory)
      let record = EvaluationRecord(step: event.step, evaluation, classNames: classNames)
      steering.record([record])
      isBest = steering.best?.step == event.step
      secretary.show(record)
    }
    if event.isCheckpoint || isBest { try secretary.save(snapshot.arena, event: event, steering: steering) }
  }
}
