import Basics

/// Where the threads of one `ThreadProcessGroup` meet: all bring something, the last to come makes the result, and all
/// leave with it.
final class Rendezvous: @unchecked Sendable {
  /// Messages up to this length are taken from the sender at once; longer ones block it until they are received, as MPI
  /// does, so that a program which relies on one or the other fails here.
  static let eagerByteCount = 4096

  /// Ranks in the job, in the order of the ranks in this group.
  let members: [Int]
  var size: Int { members.count }
  private let job: ThreadJob

  private var number = 0
  private var calls: [CollectiveCall?]
  private var contributions: [Any]
  private var result: Result<Any, any Error>?
  private var leaving = 0
  private var mail: [Address: [Message]] = [:]

  private struct Address: Hashable {
    let source: Int
    let destination: Int
    let tag: Int
  }

  private final class Message {
    let bytes: [UInt8]
    var isReceived = false
    init(_ bytes: [UInt8]) { self.bytes = bytes }
  }

  init(members: [Int], job: ThreadJob) {
    self.members = members
    self.job = job
    calls = Array(repeating: nil, count: members.count)
    contributions = Array(repeating: (), count: members.count)
  }

  /// Meets the other ranks of the group.
  ///
  /// - Parameters:
  ///   - call: what this rank believes that all do.
  ///   - contribution: what it brings.
  ///   - combine: makes everyone's result from the contributions in rank order; run once, by the last to come.
  func meet<Contribution, Outcome>(
    _ rank: Int, _ call: CollectiveCall, _ contribution: Contribution, combine: ([Contribution]) throws -> Outcome
  ) throws -> Outcome {
    // A fast rank may be back before the slowest has left the meeting before.
    let mine = try job.wait(waitingFor: { "the ranks to leave call \(number)" }) { () -> Int? in
      guard leaving == 0 else { return nil }
      let mine = number
      calls[rank] = call
      contributions[rank] = contribution
      if calls.allSatisfy({ $0 != nil }) { conclude(combine) }
      return mine
    }
    let outcome = try job.wait(waitingFor: { "ranks \(missing) in call \(mine), \(call)" }) {
      () -> Result<Any, any Error>? in
      guard number != mine else { return nil }
      leaving -= 1
      return result
    }
    guard let value = try outcome.get() as? Outcome else {
      throw Failure(.internalError, "call \(mine), \(call), has no result")
    }
    return value
  }

  private var missing: [Int] { calls.indices.filter { calls[$0] == nil } }

  private func conclude<Contribution, Outcome>(_ combine: ([Contribution]) throws -> Outcome) {
    do {
      try CollectiveCall.check(calls.compactMap { $0 }, number: number)
      result = .success(try combine(contributions.compactMap { $0 as? Contribution }))
    } catch {
      result = .failure(error)
    }
    number += 1
    leaving = size
    for rank in 0..<size {
      calls[rank] = nil
      contributions[rank] = ()
    }
  }

  func send(_ bytes: UnsafeRawBufferPointer, from source: Int, to destination: Int, tag: Int) throws {
    guard members.indices.contains(destination) else {
      throw Failure(.internalError, "rank \(source) sends to rank \(destination) of a group of \(size)")
    }
    let message = Message(Array(bytes))
    try job.change { mail[Address(source: source, destination: destination, tag: tag), default: []].append(message) }
    guard bytes.count > Self.eagerByteCount else { return }
    try job.wait(
      waitingFor: { "rank \(destination) to receive a message from rank \(source) with tag \(tag)" },
      for: { message.isReceived ? () : nil })
  }

  func receive(_ bytes: UnsafeMutableRawBufferPointer, at destination: Int, from source: Int, tag: Int) throws {
    guard members.indices.contains(source) else {
      throw Failure(.internalError, "rank \(destination) receives from rank \(source) of a group of \(size)")
    }
    let address = Address(source: source, destination: destination, tag: tag)
    let message = try job.wait(
      waitingFor: { "rank \(source) to send a message to rank \(destination) with tag \(tag)" },
      for: { () -> Message? in
        guard let message = mail[address]?.first else { return nil }
        mail[address]?.removeFirst()
        message.isReceived = true
        return message
      })
    try MessageLength.check(message.bytes.count, fits: bytes.count, source: source, destination: destination)
    bytes.copyBytes(from: message.bytes)
  }

  func hasMessage(at destination: Int, from source: Int, tag: Int) throws -> Bool {
    try job.change { !(mail[Address(source: source, destination: destination, tag: tag)] ?? []).isEmpty }
  }
}
