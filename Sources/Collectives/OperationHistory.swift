/// The last operations of a rank and the time that its steps take.
package struct OperationHistory: Sendable {
  /// One operation: its name, its step and when it began.
  package struct Record: Sendable, Equatable {
    package let operation: String
    package let step: Int
    /// Seconds on the monotonic clock.
    package let time: Double
  }

  package init() {}

  package static let capacity = 256
  private static let stepCapacity = 64

  private var ring: [Record] = []
  private var next = 0
  private var stepSeconds: [Double] = []
  private var nextStep = 0
  private var stepStart: (step: Int, time: Double)?

  /// Notes the begin of an operation. A step lasts from its first operation to the next step's first.
  package mutating func note(_ operation: String, step: Int, at time: Double) {
    Self.put(Record(operation: operation, step: step, time: time), into: &ring, at: &next, capacity: Self.capacity)
    guard stepStart?.step != step else { return }
    if let start = stepStart, step == start.step + 1 {
      Self.put(time - start.time, into: &stepSeconds, at: &nextStep, capacity: Self.stepCapacity)
    }
    stepStart = (step, time)
  }

  private static func put<T>(_ value: T, into ring: inout [T], at next: inout Int, capacity: Int) {
    if ring.count < capacity { ring.append(value) } else { ring[next] = value }
    next = (next + 1) % capacity
  }

  /// Oldest first.
  package var recent: [Record] { ring.count < Self.capacity ? ring : Array(ring[next...] + ring[..<next]) }

  /// Nil before two steps have begun.
  package var medianStepSeconds: Double? {
    stepSeconds.isEmpty ? nil : stepSeconds.sorted()[stepSeconds.count / 2]
  }
}
