import ArgumentParser
import Basics
import Collectives
import Kernels
import TrainingConfiguration

/// Which backend computes, with how many threads.
struct BackendOptions: ParsableArguments {
  enum Choice: String, CaseIterable, ExpressibleByArgument { case auto, onednn, portable }

  @Option(
    help: ArgumentHelp(
      "The backend: auto (oneDNN where it can be used), onednn or portable. Default: $FCN_DIST_BACKEND, else auto."))
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

  /// The backend of this rank for `configuration`: of the same kind and with as many threads on all ranks of `group`.
  /// Says where the threads have too few processors.
  ///
  /// - Important: Collective over `group`.
  func makeBackend(for configuration: Configuration, group: any ProcessGroup) throws -> any Backend {
    let threads = try threadPlan(configuration.distributed.threads, group: group).commonThreadCount
    let backend = try Self.makeBackend(try choice(), configuration.train.precision, threads: threads)
    try PlacementWarning.say(threads: threads, over: group)
    return GuardedMemory.isWanted ? GuardedBackend(backend) : backend
  }

  /// Without regard to what other ranks have.
  static func makeBackend(_ choice: Choice, _ precision: Precision, threads: Int) throws -> any Backend {
    switch choice {
    case .onednn: return try OneDNNBackend.make(precision: precision, threads: threads)
    case .portable: return try PortableBackend(precision: precision, threads: threads)
    case .auto:
      let isUsable = OneDNNBackend.unavailabilityReason == nil
      return try makeBackend(isUsable ? .onednn : .portable, precision, threads: threads)
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

  /// The threads of this rank and of all: what was given, else what the environment says, else a share of the cores.
  ///
  /// - Parameter configured: distributed.threads.
  /// - Important: Collective over `group`.
  func threadPlan(_ configured: Int?, group: any ProcessGroup) throws -> ThreadPlan {
    try ThreadPlan(group, requested: threads ?? configured ?? ThreadPlan.requestedThreadCount)
  }
}
