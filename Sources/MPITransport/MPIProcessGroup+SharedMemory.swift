import Basics
import CMPI
import Collectives

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

extension MPIProcessGroup {
  private static let pageByteCount = 4096

  package func sharedMemory(byteCount: Int) throws -> MemoryRegion {
    let communicator = try announce(CollectiveCall(.sharedMemory, count: byteCount))
    try checkSize(byteCount)
    // Nobody to share with: memory of the process may lie on huge pages, which shared memory seldom may.
    guard size > 1 else { return try MemoryRegion(byteCount: byteCount) }
    try freeRetiredWindows()
    try checkSpace(byteCount)

    let rounded = (byteCount + Self.pageByteCount - 1) / Self.pageByteCount * Self.pageByteCount
    var base: UnsafeMutableRawPointer?
    var window: cmpi_window?
    let status = cmpi_window_allocate(Int64(rounded + Self.pageByteCount), communicator, &base, &window)
    do { try MPIStatus.check(status, "MPI_Win_allocate_shared of \(byteCount) bytes") } catch let failure as Failure {
      // Started again, it would come to the same.
      throw Failure(.inputOutput, failure.message, remedy: SharedMemorySpace.remedy(wanted: byteCount))
    }
    guard let base, let window else { throw Failure(.internalError, "MPI gave a shared window without memory") }
    let handle = MPILibrary.handles.add(window, group: number)
    let start = base + (try commonOffset(base))
    try fill(start, rounded, wanted: byteCount)
    return MemoryRegion(base: start, byteCount: byteCount) { _, _ in MPILibrary.handles.retireWindow(handle) }
  }

  private func checkSize(_ byteCount: Int) throws {
    let sizes = try gatherWords([Int64(byteCount)]).map { $0[0] }
    if let other = sizes.firstIndex(where: { $0 != sizes[0] }) {
      throw Failure(
        .internalError, "rank 0 asks for \(sizes[0]) bytes of shared memory, rank \(other) for \(sizes[other])")
    }
    guard byteCount >= 0 && byteCount < Int.max / 2 else {
      throw Failure(.internalError, "\(byteCount) bytes of shared memory were asked for")
    }
  }

  /// Rank 0 looks, all throw: touching memory beyond the file system's end would kill the process without a word.
  private func checkSpace(_ byteCount: Int) throws {
    let folder = SharedMemorySpace.folder
    var free: [Int64] = [Int64(rank == 0 ? SharedMemorySpace.freeByteCount(folder) ?? Int.max : 0)]
    try free.withUnsafeMutableBytes { try broadcast($0, from: 0) }
    if Int(free[0]) < byteCount + Self.pageByteCount {
      throw SharedMemorySpace.failure(wanted: byteCount, free: Int(free[0]), folder: folder)
    }
  }

  /// The distance from the window's start to a page's start. Open MPI 4.1 begins 8 bytes into a page, the same in every
  /// process; that it is the same is checked.
  private func commonOffset(_ base: UnsafeMutableRawPointer) throws -> Int {
    let beyond = Int(bitPattern: base) % Self.pageByteCount
    let offset = beyond == 0 ? 0 : Self.pageByteCount - beyond
    let offsets = try gatherWords([Int64(offset)]).map { Int($0[0]) }
    guard offsets.allSatisfy({ $0 == offset }) else {
      throw Failure(.internalError, "MPI laid a shared window at different places of a page (\(offsets))")
    }
    return offset
  }

  /// Gives the memory its pages and zeroes, each rank its part of it: then the pages lie near their rank, and memory
  /// that the system cannot give is an error here and not a signal later.
  private func fill(_ start: UnsafeMutableRawPointer, _ byteCount: Int, wanted: Int) throws {
    let pages = byteCount / Self.pageByteCount
    let first = pages * rank / size * Self.pageByteCount
    let last = pages * (rank + 1) / size * Self.pageByteCount
    let populateWrite: Int32 = 23  // MADV_POPULATE_WRITE of Linux 5.14, not in older headers
    var isGiven = true
    if last > first {
      // New pages are zero. A system that does not know the call gives them when they are written.
      if madvise(start + first, last - first, populateWrite) != 0 {
        if errno == EINVAL { memset(start + first, 0, last - first) } else { isGiven = false }
      }
    }
    guard try allReduce(isGiven ? 1 : 0, .minimum) == 1 else {
      let folder = SharedMemorySpace.folder
      throw SharedMemorySpace.failure(
        wanted: wanted, free: SharedMemorySpace.freeByteCount(folder) ?? 0, folder: folder)
    }
  }

  /// Frees the windows of this group whose memory no rank uses any more. Collective.
  func freeRetiredWindows() throws {
    let windows = MPILibrary.handles.windows(ofGroup: number)
    guard !windows.isEmpty else { return }
    var retired = windows.map { Int64($0.window.isRetired ? 1 : 0) }
    try allReduce(&retired, .minimum)
    for (entry, isRetired) in zip(windows, retired) where isRetired == 1 {
      try MPILibrary.handles.freeWindow(entry.number)
    }
  }
}

/// The file system that shared windows are made in.
enum SharedMemorySpace {
  /// Open MPI's choice.
  static var folder: String {
    ProcessEnvironment.string("OMPI_MCA_osc_sm_backing_directory") ?? "/dev/shm"
  }

  /// Bytes that are free there; nil where nothing is known about it.
  static func freeByteCount(_ folder: String) -> Int? {
    var information = statvfs()
    guard statvfs(folder, &information) == 0 else { return nil }
    return Int(clamping: UInt64(information.f_bavail).multipliedReportingOverflow(by: UInt64(information.f_frsize)).0)
  }

  static func failure(wanted: Int, free: Int, folder: String) -> Failure {
    // Not `restart`: the next start would find as little.
    Failure(
      .inputOutput,
      "the ranks of \(ProcessEnvironment.hostName) need \(mebibytes(wanted)) MiB of shared memory, but \(folder) has "
        + "\(free >> 20) MiB free",
      remedy: remedy(wanted: wanted))
  }

  static func remedy(wanted: Int) -> String {
    "give the container more (docker run --shm-size=\(mebibytes(wanted + wanted / 8))m, in Kubernetes an "
      + "emptyDir of medium Memory on /dev/shm), enlarge it (mount -o remount,size=… \(folder)), remove stale files "
      + "from it, or do without (--set distributed.exchange=allreduce)"
  }

  /// Rounded up, so that what is asked for is enough.
  private static func mebibytes(_ bytes: Int) -> Int { (bytes + 1_048_575) / 1_048_576 }
}
