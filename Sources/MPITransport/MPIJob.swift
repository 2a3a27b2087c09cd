import Basics
import CMPI
import Collectives

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Runs `body` with the group of all ranks and ends the process with the code that it returns.
///
/// Started without a launcher, the group has one rank. When `body` throws on any rank, one rank says so in one line and
/// the whole job ends within seconds, with the error's exit code.
package func withMPI(_ body: (MPIProcessGroup) throws -> Int32) -> Never {
  let world: MPIProcessGroup
  do {
    world = try MPIJob.start()
  } catch {
    MPIJob.fail(error)
  }
  do {
    let code = try body(world)
    MPIJob.finish(world, code: code)
  } catch {
    MPIJob.fail(error)
  }
}

/// As above, for a body whose end means success.
package func withMPI(_ body: (MPIProcessGroup) throws -> Void) -> Never {
  withMPI { group -> Int32 in
    try body(group)
    return 0
  }
}

/// The life of the job's processes.
enum MPIJob {
  static func start() throws -> MPIProcessGroup {
    // A bad setting is reported after the start: before it no rank knows that there are others.
    let settings = Result { try TransportSettings.fromEnvironment() }
    let launcher = LauncherEnvironment.current()
    if let failure = launcher.failureBeforeStart(library: MPILibrary.version), !launcher.isFirstProcess {
      exit(failure.exitCode)
    }
    let group = try MPIProcessGroup(
      MPILibrary.start(launcher), settings: (try? settings.get()) ?? TransportSettings())
    MPIWorld.enter(rank: group.rank, size: group.size, communicator: try group.communicator())
    if let failure = launcher.failure(worldSize: group.size, library: MPILibrary.version) {
      // All processes of the launcher come here, each as rank 0 of its own world: one of them speaks.
      if launcher.isFirstProcess { throw failure }
      exit(failure.exitCode)
    }
    try prepareSpeaking(group)
    _ = try settings.get()
    return group
  }

  /// Makes what decides which rank reports an error.
  private static func prepareSpeaking(_ group: MPIProcessGroup) throws {
    guard group.size > 1 else { return }
    let node = try group.nodeGroup()
    let flag = try node.sharedMemory(byteCount: 64)
    let leaders = try group.gatherWords([try node.allReduce(Int64(group.rank), .minimum)]).map { $0[0] }
    try node.close()
    let machine = Set(leaders).sorted().firstIndex(of: leaders[group.rank]) ?? 0
    MPIWorld.place(onMachine: machine, hasSpoken: flag)
  }

  /// The good end. All ranks meet first, so that the bounded part cannot cut off one that is still at work.
  static func finish(_ group: MPIProcessGroup, code: Int32) -> Never {
    do {
      try group.barrier()
      fflush(nil)
      MPIWorld.limitTime(seconds: 60, code: code)
      MPIWorld.releaseMemory()
      try MPILibrary.finish()
    } catch {
      fail(error)
    }
    exit(code)
  }

  /// The bad end: the first rank to come says why, and all end.
  static func fail(_ error: any Error) -> Never {
    let (rank, size, machine) = MPIWorld.position
    let code = Diagnostic.exitCode(of: error)
    guard size > 1 else {
      Diagnostic.line(Diagnostic.errorLine(error))
      fflush(nil)
      // Alone there is nobody to wait for, and a launcher likes to see the end.
      if MPILibrary.isActive {
        MPIWorld.limitTime(seconds: 5, code: code)
        _ = cmpi_finalize()
      }
      exit(code)
    }
    // Where ranks of several machines fail alike, the first machine's speaks and the others are gone before their turn.
    usleep(UInt32(min(machine, 8)) * 400_000)
    if MPIWorld.isFirstToSpeak() {
      Diagnostic.line(Diagnostic.errorLine(error, rank: rank))
      MPIWorld.abort(code: code)
    }
    // The one that spoke ends the job. Should it not, this rank does.
    sleep(8)
    MPIWorld.abort(code: code)
  }
}
