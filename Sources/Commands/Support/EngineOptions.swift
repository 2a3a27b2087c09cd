import ArgumentParser
import Basics
import Collectives
import Kernels
import Training

/// Which engine computes, with how many threads.
struct EngineOptions: ParsableArguments {
  enum Choice: String, CaseIterable, ExpressibleByArgument { case auto, onednn, portable }

  @Option(
    help: ArgumentHelp(
      "The engine: auto (oneDNN where it can be used), onednn or portable. Default: $FCN_DIST_BACKEND, else auto."))
  var backend: Choice?

  @Option(
    help: ArgumentHelp(
      "Threads of a rank. Default: distributed.threads, else $OMP_NUM_THREADS, else the rank's share of the cores.",
      valueName: "number"))
  var threads: Int?

  func validate() throws {
    if let threads, !(1...4096).contains(threads) {
      throw ValidationError("--threads must be in 1 … 4096, found \(threads)")
    }
  }

  /// The engine of this rank: of the same kind and with as many threads on all ranks of `group`.
  ///
  /// - Important: Collective over `group`.
  func engine(
    precision: Precision, configuredThreads: Int?, group: any ProcessGroup
  ) throws -> any Backend {
    let engine = try Self.engine(try choice(), precision, threads: try threadCount(configuredThreads, group: group))
    return GuardedMemory.isWanted ? GuardedBackend(engine) : engine
  }

  static func engine(_ choice: Choice, _ precision: Precision, threads: Int) throws -> any Backend {
    switch choice {
    case .onednn: return try OneDNNBackend.make(precision: precision, threads: threads)
    case .portable: return try PortableBackend(precision: precision, threads: threads)
    case .auto:
      let isUsable = OneDNNBackend.unavailabilityReason == nil
      return try engine(isUsable ? .onednn : .portable, precision, threads: threads)
    }
  }

  func choice() throws -> Choice {
    if let backend { return backend }
    guard let name = ProcessEnvironment.string("FCN_DIST_BACKEND"), !name.isEmpty else { return .auto }
    guard let choice = Choice(rawValue: name) else {
      throw Failure(
        .usage, "environment variable FCN_DIST_BACKEND is '\(name)'", remedy: "it takes auto, onednn or portable")
    }
    return choice
  }

  /// - Important: Collective over `group`.
  func threadCount(_ configured: Int?, group: any ProcessGroup) throws -> Int {
    try Self.agreedThreadCount(try wishedThreadCount(configured, group: group), group: group)
  }

  /// What this rank would take by itself.
  ///
  /// - Important: Collective over `group`.
  func wishedThreadCount(_ configured: Int?, group: any ProcessGroup) throws -> Int {
    // All ranks look, for those whose environment says nothing.
    let share = try Self.shareOfCores(group)
    if let given = threads ?? configured { return given }
    if let text = ProcessEnvironment.string("OMP_NUM_THREADS"), let given = Int(text), given > 0 { return given }
    return share
  }

  /// Weight gradients have equal bits for equal threads only, so no rank has more than another.
  ///
  /// - Important: Collective over `group`.
  static func agreedThreadCount(_ wished: Int, group: any ProcessGroup) throws -> Int {
    Int(try group.allReduce(Int64(wished), .minimum))
  }

  /// - Important: Collective over `group`.
  private static func shareOfCores(_ group: any ProcessGroup) throws -> Int {
    let machine = try group.nodeGroup()
    defer { try? machine.close() }
    let own = Affinity.current()
    let lists = try machine.allGather(Array(Affinity.listText(own.processors).utf8))
    let others = lists.map { bytes in
      let processors = Affinity.processorList(String(decoding: bytes, as: UTF8.self)) ?? []
      return Affinity(processors: processors, quota: nil)
    }
    return own.threadCount(sharing: others)
  }
}
