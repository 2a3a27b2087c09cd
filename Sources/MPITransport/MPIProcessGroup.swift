import Basics
import CMPI
import Collectives

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Ranks that are processes connected by MPI.
///
/// All calls but `abort` come from the thread that started MPI, or from one that it has handed them over to. A group
/// that nobody holds any more is freed at the end of the program; `close` frees it at once.
package final class MPIProcessGroup: ProcessGroup {
  package let rank: Int
  package let size: Int
  package var allowsHandOver: Bool { MPILibrary.allowsHandOver }
  let settings: TransportSettings
  /// This group's number among the process's handles.
  let number: Int
  private var handle: cmpi_communicator?
  private var callCount = 0

  init(_ handle: cmpi_communicator, settings: TransportSettings) throws {
    number = MPILibrary.handles.add(handle)
    var rank: Int32 = 0
    var size: Int32 = 0
    try MPIStatus.check(cmpi_rank(handle, &rank), "MPI_Comm_rank")
    try MPIStatus.check(cmpi_size(handle, &size), "MPI_Comm_size")
    self.rank = Int(rank)
    self.size = Int(size)
    self.settings = settings
    self.handle = handle
  }

  /// Frees the group, and those of its shared windows whose memory nobody uses any more. The others stay usable, and
  /// are freed at the end of the program. Every later call of the group throws.
  package func close() throws {
    try announce(CollectiveCall(.close))
    try freeRetiredWindows()
    handle = nil
    try MPILibrary.handles.freeCommunicator(number)
  }

  /// The MPI handle, for a call that is not collective.
  func communicator() throws -> cmpi_communicator {
    guard let handle else { throw Failure(.internalError, "a process group was used after it was closed") }
    return handle
  }

  /// The MPI handle, for a collective call. Where the settings say so, first makes sure that all ranks call the same.
  @discardableResult
  func announce(_ call: CollectiveCall) throws -> cmpi_communicator {
    let communicator = try communicator()
    callCount += 1
    guard settings.checksCollectives && size > 1 else { return communicator }
    let calls = try gatherWords(call.words).map { CollectiveCall(words: $0) }
    try CollectiveCall.check(calls.compactMap { $0 }, number: callCount)
    return communicator
  }

  // MARK: Reductions

  package func allReduce(_ values: UnsafeMutableBufferPointer<Float>, _ reduction: Reduction) throws {
    try reduce(UnsafeMutableRawBufferPointer(values), values.count, CMPI_FLOAT32, reduction, .allReduceFloat32)
  }

  package func allReduce(_ values: UnsafeMutableBufferPointer<Double>, _ reduction: Reduction) throws {
    try reduce(UnsafeMutableRawBufferPointer(values), values.count, CMPI_FLOAT64, reduction, .allReduceFloat64)
  }

  package func allReduce(_ values: UnsafeMutableBufferPointer<Int64>, _ reduction: Reduction) throws {
    try reduce(UnsafeMutableRawBufferPointer(values), values.count, CMPI_INT64, reduction, .allReduceInt64)
  }

  private func reduce(
    _ values: UnsafeMutableRawBufferPointer, _ count: Int, _ type: cmpi_type, _ reduction: Reduction,
    _ operation: CollectiveCall.Operation
  ) throws {
    let communicator = try announce(CollectiveCall(operation, count: count, detail: reduction.number))
    guard size > 1 else { return }
    let piece = settings.pieceByteCount / (type == CMPI_FLOAT32 ? 4 : 8)
    try MPIStatus.check(
      cmpi_allreduce(values.baseAddress, Int64(count), type, reduction.mpiOperation, Int64(piece), communicator),
      "MPI_Allreduce of \(count) values")
  }

  // MARK: Collectives of bytes

  package func broadcast(_ bytes: UnsafeMutableRawBufferPointer, from root: Int) throws {
    let communicator = try announce(CollectiveCall(.broadcast, count: bytes.count, detail: root))
    guard root >= 0 && root < size else {
      throw Failure(.internalError, "rank \(root) of \(size) cannot broadcast")
    }
    try MPIStatus.check(
      cmpi_broadcast(
        bytes.baseAddress, Int64(bytes.count), Int32(root), Int64(settings.pieceByteCount), communicator),
      "MPI_Bcast of \(bytes.count) bytes")
  }

  /// `words.count` numbers of every rank; the count must be the same on all.
  func gatherWords(_ words: [Int64]) throws -> [[Int64]] {
    let communicator = try communicator()
    var all = [Int64](repeating: 0, count: words.count * size)
    try MPIStatus.check(
      cmpi_allgather_int64(words, Int32(words.count), &all, communicator), "MPI_Allgather of \(words.count) numbers")
    return (0..<size).map { Array(all[$0 * words.count..<($0 + 1) * words.count]) }
  }

  package func allGather(_ bytes: [UInt8]) throws -> [[UInt8]] {
    let communicator = try announce(CollectiveCall(.allGather))
    let counts = try gatherWords([Int64(bytes.count)]).map { Int($0[0]) }
    guard counts.reduce(0, +) <= settings.pieceByteCount else { return try broadcastAll(bytes, counts) }
    var offsets: [Int32] = []
    var total: Int32 = 0
    for count in counts {
      offsets.append(total)
      total += Int32(count)
    }
    let all = try [UInt8](unsafeUninitializedCapacity: max(1, Int(total))) { buffer, count in
      try MPIStatus.check(
        cmpi_allgatherv(
          bytes, counts.map { Int32($0) }, offsets, Int32(bytes.count), buffer.baseAddress, communicator),
        "MPI_Allgatherv of \(total) bytes")
      count = Int(total)
    }
    return zip(offsets, counts).map { Array(all[Int($0)..<Int($0) + $1]) }
  }

  /// What `allGather` does with more bytes than one MPI call can name the offsets of.
  private func broadcastAll(_ bytes: [UInt8], _ counts: [Int]) throws -> [[UInt8]] {
    try counts.enumerated().map { root, count in
      var part = root == rank ? bytes : [UInt8](repeating: 0, count: count)
      try part.withUnsafeMutableBytes { try broadcast($0, from: root) }
      return part
    }
  }

  package func barrier() throws {
    try MPIStatus.check(cmpi_barrier(try announce(CollectiveCall(.barrier))), "MPI_Barrier")
  }

  // MARK: Other groups

  package func subgroup(color: Int?) throws -> (any ProcessGroup)? {
    let parent = try announce(CollectiveCall(.subgroup))
    if let color, color < 0 || color > Int(Int32.max) {
      throw Failure(.internalError, "a subgroup's color is \(color); it must be in 0 ..< 2^31")
    }
    var part: cmpi_communicator?
    try MPIStatus.check(cmpi_split(parent, color.map { Int32($0) } ?? -1, Int32(rank), &part), "MPI_Comm_split")
    return try part.map { try MPIProcessGroup($0, settings: settings) }
  }

  package func nodeGroup() throws -> any ProcessGroup {
    let parent = try announce(CollectiveCall(.nodeGroup))
    var part: cmpi_communicator?
    try MPIStatus.check(cmpi_split_by_machine(parent, Int32(rank), &part), "MPI_Comm_split_type")
    guard let part else { throw Failure(.internalError, "MPI gave no communicator for this machine's ranks") }
    let node = try MPIProcessGroup(part, settings: settings)
    guard settings.ranksPerMachine > 0 else { return node }
    // By the rank in the world, so that every group sees the same machines.
    let machine = MPIWorld.rank / settings.ranksPerMachine
    let group = try node.subgroup(color: machine)
    try node.close()
    return group ?? node
  }

  // MARK: The end

  /// May be called from any thread: the one that owns MPI may be stuck.
  package func abort(code: Int32) -> Never { MPIWorld.abort(code: code) }
}

extension Reduction {
  var mpiOperation: cmpi_operation {
    switch self {
    case .sum: CMPI_SUM
    case .minimum: CMPI_MINIMUM
    case .maximum: CMPI_MAXIMUM
    }
  }
}
