import Basics
import CMPI
import Collectives
import Synchronization

/// The MPI library of this process: started once, ended once.
package enum MPILibrary {
  static let handles = HandleTable()
  private static let serialized = Atomic(false)

  /// Does the library let several threads call it, one at a time?
  static var allowsHandOver: Bool { serialized.load(ordering: .acquiring) }

  /// The library's own name and version, in one line.
  package static var version: String {
    let text = MPIStatus.string { cmpi_library_version($0, $1) } ?? "unknown MPI"
    return text.split(whereSeparator: \.isNewline).first.map(String.init) ?? text
  }

  /// What the library allows threads beside the one that calls it.
  package static var threadLevel: String {
    var level = CMPI_SINGLE
    guard cmpi_query_thread_level(&level) == 0 else { return "unknown" }
    switch level {
    case CMPI_MULTIPLE: return "multiple"
    case CMPI_SERIALIZED: return "serialized"
    case CMPI_FUNNELED: return "funneled"
    default: return "single"
    }
  }

  /// Communicators and shared windows that are not freed yet.
  package static var liveCommunicatorCount: Int { handles.liveCommunicatorCount }
  package static var liveWindowCount: Int { handles.liveWindowCount }

  package static var isActive: Bool {
    var isInitialized: Int32 = 0
    var isFinalized: Int32 = 0
    guard cmpi_is_initialized(&isInitialized) == 0, cmpi_is_finalized(&isFinalized) == 0 else { return false }
    return isInitialized != 0 && isFinalized == 0
  }

  /// Starts MPI and gives a communicator of all ranks. The calling thread is from now on the only one that may call
  /// MPI, unless it hands over where `allowsHandOver`.
  ///
  /// - Parameter launcher: who started this process.
  static func start(_ launcher: LauncherEnvironment) throws -> cmpi_communicator {
    var isInitialized: Int32 = 0
    try MPIStatus.check(cmpi_is_initialized(&isInitialized), "MPI_Initialized")
    guard isInitialized == 0 else { throw Failure(.internalError, "MPI was started twice in one process") }
    SingleCopy.switchOffWhereDenied()
    try StartEnvironment.prepare(launcher)
    var level = CMPI_SINGLE
    try MPIStatus.check(cmpi_initialize(&level), "MPI_Init_thread")
    guard level.rawValue >= CMPI_FUNNELED.rawValue else {
      throw Failure(
        .usage, "this MPI library (\(version)) does not allow threads beside the one that calls it",
        remedy: "use a build of it with MPI_THREAD_FUNNELED or better")
    }
    serialized.store(level.rawValue >= CMPI_SERIALIZED.rawValue, ordering: .releasing)
    var handle: cmpi_communicator?
    try MPIStatus.check(cmpi_duplicate_world(&handle), "duplicating the world")
    guard let handle else { throw Failure(.internalError, "MPI gave no communicator for the world") }
    return handle
  }

  /// Ends MPI. Collective over all ranks; no group may be used afterwards.
  static func finish() throws {
    try handles.freeAll()
    try MPIStatus.check(cmpi_finalize(), "MPI_Finalize")
  }
}
