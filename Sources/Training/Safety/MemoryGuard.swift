import Basics
import CVector
import Collectives
import Exchange
import Model

/// Notices when the parameters or the optimizer's state change in memory without an update: a bit that turned over, a
/// stray pointer, a message that arrived wrong.
///
/// The trainers of a machine share its master among them. Each seals its share right after an update and compares
/// before the next; the optimizer's state, which only its owner holds, is sealed by the owner. Every few steps the
/// machines compare their seals.
package final class MemoryGuard {
  private struct Part {
    let name: String
    let values: UnsafeMutablePointer<Float>
    let chunks: [Int]
    var seals: [UInt64] = []
  }

  private let exchange: GradientExchange
  private let group: any ProcessGroup
  /// In the job, for people.
  private let rank: Int
  private let pool: WorkerPool
  /// The share of the master first.
  private var parts: [Part]

  /// - Parameters:
  ///   - group: the trainers.
  ///   - rank: this rank's number in the job.
  package init(exchange: GradientExchange, group: any ProcessGroup, rank: Int, pool: WorkerPool) {
    self.exchange = exchange
    self.group = group
    self.rank = rank
    self.pool = pool
    let topology = exchange.topology
    let neighbours = topology.neighbours(of: group.rank).count
    let share = exchange.ownership.layout.chunks(ofPart: topology.localIndex(of: group.rank), of: neighbours)
    parts = [Part(name: "", values: exchange.store.memory.master, chunks: Array(share))]
    parts += zip(exchange.store.optimizerStateNames, exchange.store.optimizerState).map {
      Part(name: "\($0) of ", values: $1, chunks: exchange.chunks)
    }
  }

  /// Seals what an update has left, and compares the machines' seals every `compareEvery` steps.
  ///
  /// - Important: Collective over the trainers in those steps.
  package func sealUpdate(step: Int, compareEvery: Int) throws {
    seal()
    if compareEvery > 0, step % compareEvery == 0 { try compareMachines(step: step) }
  }

  /// To be called when an update is whole on this machine, before anybody can begin the next.
  package func seal() {
    for i in parts.indices { parts[i].seals = digests(parts[i]) }
  }

  /// - Throws: a `Failure` that asks for a restart, naming the parameter, the rank and the machine.
  package func verify(step: Int) throws {
    for part in parts {
      let found = digests(part)
      guard let i = found.indices.first(where: { found[$0] != part.seals[$0] }) else { continue }
      throw failure(
        step,
        "\(part.name)\(names(inChunk: part.chunks[i])) changed in the memory of rank \(rank) on "
          + "\(ProcessEnvironment.hostName) between two updates")
    }
  }

  /// Compares what all machines have of the masters.
  ///
  /// - Important: Collective over the trainers.
  package func compareMachines(step: Int) throws {
    guard exchange.topology.machines.count > 1 else { return }
    var lowest = [Int64](repeating: .max, count: exchange.ownership.layout.chunkCount)
    var highest = [Int64](repeating: .min, count: exchange.ownership.layout.chunkCount)
    for (chunk, digest) in zip(parts[0].chunks, publishedDigests()) {
      lowest[chunk] = Int64(bitPattern: digest)
      highest[chunk] = Int64(bitPattern: digest)
    }
    try group.allReduce(&lowest, .minimum)
    try group.allReduce(&highest, .maximum)
    guard let chunk = lowest.indices.first(where: { lowest[$0] != highest[$0] }) else { return }
    let holders = try holdersThatDiffer(inChunk: chunk).joined(separator: ", ")
    throw failure(step, "\(names(inChunk: chunk)) differs from its owner's in the memory of \(holders)")
  }

  /// - Important: Collective over the trainers.
  private func holdersThatDiffer(inChunk chunk: Int) throws -> [String] {
    let part = parts[0]
    let digest = part.chunks.contains(chunk) ? "\(exchange.publishedDigest(ofChunk: chunk))" : ""
    let texts = try group.allGather(Array("\(digest)/rank \(rank) on \(ProcessEnvironment.hostName)".utf8))
    let entries = texts.map {
      String(decoding: $0, as: UTF8.self).split(separator: "/", omittingEmptySubsequences: false)
    }
    let topology = exchange.topology
    let owner = exchange.ownership.owner(ofChunk: chunk)
    let truth = entries.indices.first {
      topology.machineOfTrainer[$0] == topology.machineOfTrainer[owner] && !entries[$0][0].isEmpty
    }
    return entries.filter { !$0[0].isEmpty && $0[0] != entries[truth ?? 0][0] }.map { String($0[1]) }
  }

  /// Of this trainer's share of the master.
  private func publishedDigests() -> [UInt64] {
    var digests = [UInt64](repeating: 0, count: parts[0].chunks.count)
    digests.withUnsafeMutableBufferPointer { digests in
      pool.run(digests.count) { i, _ in digests[i] = exchange.publishedDigest(ofChunk: parts[0].chunks[i]) }
    }
    return digests
  }

  private func digests(_ part: Part) -> [UInt64] {
    var digests = [UInt64](repeating: 0, count: part.chunks.count)
    digests.withUnsafeMutableBufferPointer { digests in
      pool.run(part.chunks.count) { i, _ in
        let chunk = exchange.ownership.layout.chunk(part.chunks[i])
        digests[i] = cvector_digest(part.values + chunk.lowerBound, chunk.count)
      }
    }
    return digests
  }

  private func names(inChunk chunk: Int) -> String {
    let elements = exchange.ownership.layout.chunk(chunk)
    let names = exchange.store.table.parameters.filter { $0.range.overlaps(elements) }.map(\.name)
    return names.count > 3 ? "\(names[0]) … \(names[names.count - 1])" : names.joined(separator: ", ")
  }

  private func failure(_ step: Int, _ what: String) -> Failure {
    Failure(
      .restart, "step \(step): \(what); no rank goes on with it",
      remedy: "start again with --resume auto, from the last checkpoint; if it comes back, test that machine's memory")
  }
}
