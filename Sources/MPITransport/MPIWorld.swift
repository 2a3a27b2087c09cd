import Basics
import CMPI
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// This process's place among the job's processes, and how it ends them all. Every thread may ask.
enum MPIWorld {
  /// Set once, before any other thread can ask.
  private struct Place {
    var rank = 0
    var size = 1
    /// In memory of the machine: 0 until one of its ranks speaks of an error.
    var hasSpoken: MemoryRegion?
    /// The number of this machine among the job's, in the order of their first ranks.
    var machine = 0
    var handle: UInt = 0
  }

  private static let place = Mutex(Place())

  static var rank: Int { place.withLock { $0.rank } }
  static var position: (rank: Int, size: Int, machine: Int) { place.withLock { ($0.rank, $0.size, $0.machine) } }

  static func enter(rank: Int, size: Int, communicator: cmpi_communicator) {
    let handle = UInt(bitPattern: communicator)
    place.withLock {
      $0.rank = rank
      $0.size = size
      $0.handle = handle
    }
  }

  static func place(onMachine machine: Int, hasSpoken: MemoryRegion) {
    place.withLock {
      $0.machine = machine
      $0.hasSpoken = hasSpoken
    }
  }

  /// Gives up the memory that ranks of the machine share, before MPI ends.
  static func releaseMemory() { place.withLock { $0.hasSpoken = nil } }

  /// Whether no other rank of this machine has reported an error.
  static func isFirstToSpeak() -> Bool {
    place.withLock {
      guard let flag = $0.hasSpoken else { return true }
      return flag.base.assumingMemoryBound(to: Atomic<Int64>.self).pointee
        .exchange(1, ordering: .acquiringAndReleasing) == 0
    }
  }

  /// Ends all processes of the job, whatever the other threads are doing.
  static func abort(code: Int32) -> Never {
    limitTime(seconds: 5, code: code)
    fflush(nil)
    let handle = place.withLock { $0.handle }
    if MPILibrary.isActive, let communicator = cmpi_communicator(bitPattern: handle) {
      _ = cmpi_abort(communicator, code)
    }
    _exit(code)
  }

  /// Ends this process after `seconds`, should the orderly way be stuck; the launcher then ends the others.
  static func limitTime(seconds: UInt32, code: Int32) {
    _ = try? WorkerThread(name: "exit limit") {
      sleep(seconds)
      _exit(code)
    }
  }
}
