import Basics
import Collectives
import Conformance
import MPITransport

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// What only real processes can show: how jobs end, and what is particular to MPI.
struct ProcessCase: Sendable {
  let name: String
  let run: @Sendable (MPIProcessGroup, [String]) throws -> Int32

  static let all = [
    ProcessCase(name: "hello", run: sayHello),
    ProcessCase(name: "exit-code", run: { _, arguments in Int32(integer(arguments, 0)) }),
    ProcessCase(name: "throws", run: throwError),
    ProcessCase(name: "killed", run: killRank),
    ProcessCase(name: "crash-together", run: crashTogether),
    ProcessCase(name: "silent", run: fallSilent),
    ProcessCase(name: "patient", run: stayPatient),
    ProcessCase(name: "disagree", run: disagree),
    ProcessCase(name: "closed", run: useClosedGroup),
    ProcessCase(name: "handles", run: countHandles),
    ProcessCase(name: "beyond-32-bits", run: sendBeyond32Bits),
  ]

  static var names: [String] { ConformanceCase.all.map(\.name) + all.map(\.name) }
  static func named(_ name: String) -> ProcessCase? { all.first { $0.name == name } }

  private static func integer(_ arguments: [String], _ index: Int) -> Int {
    arguments.indices.contains(index) ? Int(arguments[index]) ?? 0 : 0
  }

  /// One line per rank: where it is and what it may use.
  private static func sayHello(_ group: MPIProcessGroup, _ arguments: [String]) throws -> Int32 {
    let plan = try ThreadPlan(group)
    Diagnostic.line(
      "rank \(group.rank) of \(group.size) on \(ProcessEnvironment.hostName), processors "
        + "\(Affinity.listText(plan.affinity.processors)), \(plan.threadCount) threads, \(MPILibrary.version)")
    return 0
  }

  /// The ranks named throw, while the others are in a barrier that never ends.
  private static func throwError(_ group: MPIProcessGroup, _ arguments: [String]) throws -> Int32 {
    if arguments.contains(String(group.rank)) || arguments == ["all"] {
      throw Failure(.badData, "label 17 of cat.png is out of range", remedy: "import it again")
    }
    try group.barrier()
    return 0
  }

  /// One rank dies in the middle of the work: killed, or by touching memory that is not there.
  private static func killRank(_ group: MPIProcessGroup, _ arguments: [String]) throws -> Int32 {
    if group.rank == integer(arguments, 0) {
      if integer(arguments, 1) == SIGSEGV { UnsafeMutablePointer<Int>(bitPattern: 16)?.pointee = 1 }
      kill(getpid(), Int32(integer(arguments, 1)))
    }
    try group.barrier()
    return 0
  }

  /// Two threads touch memory that is not there, as threads of one loop do.
  private static func crashTogether(_ group: MPIProcessGroup, _ arguments: [String]) throws -> Int32 {
    CrashRecord.begin(folder: ProcessEnvironment.string("TMPDIR") ?? "/tmp", rank: group.rank)
    let ready = Monitor(0)
    try WorkerThread.run(count: 2) { _ in
      ready.change { $0 += 1 }
      _ = ready.wait { $0 == 2 ? true : nil }
      UnsafeMutablePointer<Int>(bitPattern: 16)?.pointee = 1
    }
    return 0
  }

  /// One rank stops making progress in step 3: asleep, or by a signal where that is given; with a third argument while
  /// it waits for the others.
  private static func fallSilent(_ group: MPIProcessGroup, _ arguments: [String]) throws -> Int32 {
    let watchdog = try Watchdog(
      group: group, folder: ProcessEnvironment.string("TMPDIR") ?? "/tmp", settings: try .fromEnvironment())
    for step in 1...5 {
      watchdog.heartbeat("compute", step: step)
      if step == 3 && group.rank == integer(arguments, 0) {
        if arguments.count > 2 { watchdog.heartbeat("sum", step: step, isWaiting: true) }
        if arguments.count > 1 { kill(getpid(), Int32(integer(arguments, 1))) }
        // Signals end a sleep.
        while true { sleep(1000) }
      }
      watchdog.heartbeat("sum", step: step, isWaiting: true)
      try group.barrier()
    }
    return 0
  }

  /// All goes on for longer than the watchdog's timeout: one rank works while the others wait for it.
  private static func stayPatient(_ group: MPIProcessGroup, _ arguments: [String]) throws -> Int32 {
    let watchdog = try Watchdog(
      group: group, folder: ProcessEnvironment.string("TMPDIR") ?? "/tmp", settings: try .fromEnvironment())
    watchdog.heartbeat("wait", step: 1, isWaiting: true)
    if group.rank == 0 {
      for _ in 0..<20 {
        watchdog.heartbeat("evaluate", step: 1)
        usleep(100_000)
      }
    }
    try group.barrier()
    watchdog.suspend()
    usleep(1_500_000)
    watchdog.resume()
    watchdog.stop()
    return 0
  }

  /// Needs FCN_DIST_CHECK_COLLECTIVES=1: with it, mistakes that would hang or corrupt are errors on every rank.
  private static func disagree(_ group: MPIProcessGroup, _ arguments: [String]) throws -> Int32 {
    try expectFailure(containing: "barrier") {
      if group.rank == 1 { try group.barrier() } else { _ = try group.allReduce(1, .sum) }
    }
    try expectFailure(containing: "count 3") {
      var values = [Int64](repeating: 0, count: group.rank == 1 ? 3 : 2)
      try group.allReduce(&values, .sum)
    }
    try expectFailure(containing: "detail 1") {
      var bytes = [UInt8(0)]
      try bytes.withUnsafeMutableBytes { try group.broadcast($0, from: group.rank == 1 ? 1 : 0) }
    }
    try expectFailure(containing: "rank 0 sends rank 1 messages") {
      let bytes = UnsafeRawBufferPointer(start: nil, count: 0)
      try group.exchange(sends: group.rank == 0 ? [OutgoingMessage(to: 1, bytes)] : [], receives: [])
    }
    return 0
  }

  private static func useClosedGroup(_ group: MPIProcessGroup, _ arguments: [String]) throws -> Int32 {
    let node = try group.nodeGroup()
    let memory = try node.sharedMemory(byteCount: 8)
    try node.close()
    try expectFailure(containing: "after it was closed") { try node.barrier() }
    try expectFailure(containing: "after it was closed") { _ = try node.hasMessage(from: 0, tag: 1) }
    try expectFailure(containing: "after it was closed") { try node.close() }
    if group.size > 1 {
      try expectFailure(containing: "--shm-size") { _ = try group.sharedMemory(byteCount: 1 << 50) }
    }
    // Memory outlives the group that made it.
    memory.base.storeBytes(of: 1, as: UInt8.self)
    return 0
  }

  /// Groups and shared memory that come and go leave nothing behind.
  private static func countHandles(_ group: MPIProcessGroup, _ arguments: [String]) throws -> Int32 {
    let communicators = MPILibrary.liveCommunicatorCount
    let windows = MPILibrary.liveWindowCount
    let node = try group.nodeGroup()
    for _ in 0..<100 {
      let half = try group.subgroup(color: group.rank % 2)
      _ = try node.sharedMemory(byteCount: 1 << 16)
      try half?.close()
    }
    try expect(MPILibrary.liveCommunicatorCount == communicators + 1, "the machine's group only")
    try expect(MPILibrary.liveWindowCount <= windows + 1, "one window, not \(MPILibrary.liveWindowCount)")
    try node.close()
    try expect(MPILibrary.liveCommunicatorCount == communicators, "\(communicators) communicators again")
    try expect(MPILibrary.liveWindowCount == windows, "\(windows) windows again, not \(MPILibrary.liveWindowCount)")
    return 0
  }

  /// More bytes than a 32-bit count can say, in one call.
  private static func sendBeyond32Bits(_ group: MPIProcessGroup, _ arguments: [String]) throws -> Int32 {
    let count = 1 << 31 + 4099
    let memory = try MemoryRegion(byteCount: count)
    let bytes = UnsafeMutableRawBufferPointer(start: memory.base, count: count)
    let places = [0, 1 << 30 - 1, 1 << 30, 1 << 31 - 1, 1 << 31, count - 1]
    if group.isCoordinator { for (value, place) in places.enumerated() { bytes[place] = UInt8(value + 1) } }
    try group.broadcast(bytes, from: 0)
    for (value, place) in places.enumerated() {
      try expect(bytes[place] == UInt8(value + 1), "byte \(place) to arrive")
    }
    return 0
  }
}
