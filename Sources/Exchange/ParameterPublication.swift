import Basics
import CVector
import Collectives
import Model

/// Sends the parameters that this trainer has updated to the other machines, and receives theirs.
///
/// A machine that does not own a parameter computes with it, but never updates it. Where the backend reads it as a
/// bfloat16 number (`ParameterTable.rangesReadAsBFloat16`), it travels as one, and the other machines' masters hold the
/// rounded number: half the bytes, the same compute copies. The float32 value is then on the owner's machine alone, as in
/// stage 1 of ZeRO (Rajbhandari et al., SC 2020, section 5.1). All else travels as float32.
package final class ParameterPublication {
  /// Parameters of one owner that travel alike.
  package struct Piece: Equatable {
    package let elements: Range<Int>
    package let isRounded: Bool

    /// In a message; a multiple of 4, so that float32 numbers after it are aligned.
    package var byteCount: Int { isRounded ? (2 * elements.count + 3) / 4 * 4 : 4 * elements.count }
  }

  /// Does anything travel as bfloat16?
  let rounds: Bool
  /// [message][owner]: what one message of each owner carries, the parts of some stripes.
  private let contents: [[[Piece]]]
  private let roundedRanges: [Range<Int>]
  private let ownership: Ownership
  private let topology: Topology
  private let group: any ProcessGroup
  private let master: UnsafeMutablePointer<Float>
  private var wire: WireBuffer

  /// Parameters of all owners that travel at once: so many that latency does not count, so few that memory holds them.
  private static let length = 1 << 24
  /// Numbers that a thread converts at a time.
  private static let grain = 1 << 18

  init(ownership: Ownership, topology: Topology, store: ParameterStore, group: any ProcessGroup) throws {
    self.ownership = ownership
    self.topology = topology
    self.group = group
    master = store.memory.master
    let ranges = topology.machines.count > 1 ? store.table.rangesReadAsBFloat16 : []
    roundedRanges = ranges
    rounds = !ranges.isEmpty
    contents = rounds ? Self.contents(ownership, roundedRanges: ranges) : []
    let (own, machines) = (topology.machineOfTrainer[group.rank], topology.machineOfTrainer)
    let byteCounts = contents.map { content in
      content.indices.filter { $0 == group.rank || machines[$0] != own }.reduce(0) {
        $0 + WireBuffer.rounded(content[$1].reduce(0) { $0 + $1.byteCount })
      }
    }
    wire = try WireBuffer(byteCount: byteCounts.max() ?? 0)
  }

  /// What each message of each owner carries: [message][owner].
  static func contents(_ ownership: Ownership, roundedRanges: [Range<Int>]) -> [[[Piece]]] {
    var messages: [[[Piece]]] = []
    var length = 0
    for parts in ownership.parts {
      let pieces = parts.map { Self.pieces(of: $0, roundedRanges: roundedRanges) }
      let count = parts.reduce(0) { $0 + $1.count }
      if let last = messages.indices.last, length + count <= Self.length {
        for owner in parts.indices { messages[last][owner] += pieces[owner] }
        length += count
      } else {
        messages.append(pieces)
        length = count
      }
    }
    return messages
  }

  /// Cuts `elements` where rounded ranges begin and end.
  package static func pieces(of elements: Range<Int>, roundedRanges: [Range<Int>]) -> [Piece] {
    var pieces: [Piece] = []
    var start = elements.lowerBound
    for range in roundedRanges.map({ $0.clamped(to: elements) }) where !range.isEmpty {
      if start < range.lowerBound { pieces.append(Piece(elements: start..<range.lowerBound, isRounded: false)) }
      pieces.append(Piece(elements: range, isRounded: true))
      start = range.upperBound
    }
    if start < elements.upperBound { pieces.append(Piece(elements: start..<elements.upperBound, isRounded: false)) }
    return pieces
  }

  /// - Important: Collective over the trainers.
  func publish(pool: WorkerPool) throws {
    let own = topology.machineOfTrainer[group.rank]
    let senders = topology.machineOfTrainer.indices.filter {
      topology.machineOfTrainer[$0] != own && topology.sender(of: own, towards: $0) == group.rank
    }
    for content in contents {
      wire.clear()
      let mine = pack(content[group.rank], pool: pool)
      let sends = topology.machines.indices.filter { $0 != own && mine.count > 0 }.map {
        OutgoingMessage(to: topology.sender(of: $0, towards: group.rank), mine)
      }
      let incoming = senders.filter { !content[$0].isEmpty }.map { owner in
        let byteCount = content[owner].reduce(0) { $0 + $1.byteCount }
        return (owner, UnsafeMutableRawBufferPointer(start: wire.take(byteCount: byteCount), count: byteCount))
      }
      try group.exchange(sends: sends, receives: incoming.map { IncomingMessage(from: $0.0, $0.1) })
      for (owner, bytes) in incoming { unpack(bytes, content[owner], pool: pool) }
    }
  }

  private func pack(_ pieces: [Piece], pool: WorkerPool) -> UnsafeRawBufferPointer {
    let byteCount = pieces.reduce(0) { $0 + $1.byteCount }
    let base = wire.take(byteCount: byteCount)
    var offset = 0
    for piece in pieces {
      let (source, place) = (master + piece.elements.lowerBound, base + offset)
      pool.runRanges(piece.elements.count, grain: Self.grain) { range in
        if piece.isRounded {
          cvector_to_bfloat16(
            source + range.lowerBound, place.assumingMemoryBound(to: UInt16.self) + range.lowerBound, range.count)
        } else {
          place.assumingMemoryBound(to: Float.self).advanced(by: range.lowerBound)
            .update(from: source + range.lowerBound, count: range.count)
        }
      }
      offset += piece.byteCount
    }
    return UnsafeRawBufferPointer(start: base, count: byteCount)
  }

  private func unpack(_ bytes: UnsafeMutableRawBufferPointer, _ pieces: [Piece], pool: WorkerPool) {
    guard var place = bytes.baseAddress else { return }
    for piece in pieces {
      let (source, destination) = (place, master + piece.elements.lowerBound)
      pool.runRanges(piece.elements.count, grain: Self.grain) { range in
        if piece.isRounded {
          cvector_from_bfloat16(
            source.assumingMemoryBound(to: UInt16.self) + range.lowerBound, destination + range.lowerBound, range.count)
        } else {
          (destination + range.lowerBound).update(
            from: source.assumingMemoryBound(to: Float.self) + range.lowerBound, count: range.count)
        }
      }
      place += piece.byteCount
    }
  }

  /// Rounds share `piece` of the master's chunks where owners on other machines have them, as `publish` does.
  func roundOthers(piece: Int, of pieces: Int, pool: WorkerPool) {
    let own = topology.machineOfTrainer[group.rank]
    let layout = ownership.layout
    let chunks = layout.chunks(ofPart: piece, of: pieces).filter {
      topology.machineOfTrainer[ownership.owner(ofChunk: $0)] != own
    }
    pool.run(chunks.count) { i, _ in round(layout.chunk(chunks[i]), in: master) }
  }

  /// A digest of a chunk as `publish` leaves it on the machines that do not own it.
  func digest(ofChunk index: Int) -> UInt64 {
    let chunk = ownership.layout.chunk(index)
    guard roundedRanges.contains(where: { $0.overlaps(chunk) }) else {
      return cvector_digest(master + chunk.lowerBound, chunk.count)
    }
    return withUnsafeTemporaryAllocation(of: Float.self, capacity: chunk.count) { copy in
      guard let base = copy.baseAddress else { return 0 }
      base.initialize(from: master + chunk.lowerBound, count: chunk.count)
      round(chunk, in: base - chunk.lowerBound)
      return cvector_digest(base, chunk.count)
    }
  }

  private func round(_ elements: Range<Int>, in arena: UnsafeMutablePointer<Float>) {
    for range in roundedRanges.map({ $0.clamped(to: elements) }) where !range.isEmpty {
      cvector_round_to_bfloat16(arena + range.lowerBound, range.count)
    }
  }
}
