import Basics
import Checkpoints
import Foundation
import TestSupport
import Testing

@Suite struct CheckpointWriterTests {
  let folder = TemporaryFolder()

  @Test func whatIsThereIsNotTouched() throws {
    let path = folder.file("a.h5")
    try writeBytes(Array("precious".utf8), to: path)
    let failure = #expect(throws: Failure.self) { try CheckpointWriter.write(CheckpointFixture.state(), to: path) }
    #expect(failure?.kind == .cannotCreate && failure?.message.contains("a.h5 exists already") == true)
    #expect(try readBytes(path) == Array("precious".utf8))
    #expect(folder.names == ["a.h5"])
    try CheckpointWriter.write(CheckpointFixture.state(), to: path, replacing: true)
    try CheckpointReader(path).verify()
    #expect(folder.names == ["a.h5"])
  }

  /// Root may write everywhere, except in /proc.
  @Test(arguments: ["/proc/checkpoint", "/nowhere/at/all"])
  func unwritableFoldersAreNamed(place: String) throws {
    let path = "\(place)/a.h5"
    let failure = #expect(throws: Failure.self) { try CheckpointWriter.write(CheckpointFixture.state(), to: path) }
    #expect(failure?.kind == .cannotCreate, "\(failure?.message ?? "")")
    #expect(failure?.message.contains("cannot create \(path): No such file or directory") == true)
    let store = #expect(throws: Failure.self) { try CheckpointStore(folder: place).save(CheckpointFixture.state()) }
    #expect(store?.kind == .cannotCreate && store?.message.contains(place) == true)
  }

  @Test(.enabled(if: getuid() != 0, "root may write where it likes")) func readOnlyFoldersAreNamed() throws {
    #expect(chmod(folder.path, 0o500) == 0)
    defer { chmod(folder.path, 0o700) }
    let path = folder.file("a.h5")
    let failure = #expect(throws: Failure.self) { try CheckpointWriter.write(CheckpointFixture.state(), to: path) }
    #expect(failure?.kind == .cannotCreate && failure?.message.contains("Permission denied") == true)
  }

  /// In a container every start may have the same process number.
  @Test func whatAnEarlierProcessOfThisNumberLeftIsInNoWay() throws {
    for name in ["step-000000001.h5", "latest.h5"] {
      try writeBytes([1, 2, 3], to: folder.file("\(name).partial-\(getpid())@\(hostName)"))
    }
    try CheckpointStore(folder: folder.path).save(CheckpointFixture.state(step: 1))
    #expect(folder.names == ["latest.h5", "step-000000001.h5"])
  }

  @Test func aFailingSourceLeavesNothingBehind() throws {
    var state = CheckpointFixture.state()
    state.parameters.append(
      CheckpointTensor(name: "fc7/weight", shape: [3], fill: { _ in throw Failure(.restart, "rank 3 is gone") }))
    let failure = #expect(throws: Failure.self) { try CheckpointWriter.write(state, to: folder.file("a.h5")) }
    #expect(failure == Failure(.restart, "rank 3 is gone"))
    #expect(folder.names == [])
  }

  /// A file system of one MiB; mounting it takes root.
  @Test(.enabled(if: getuid() == 0 && SmallDisk.canMount, "only root can mount a small disk"))
  func aFullDiskIsSaidAndLeavesNothingBehind() throws {
    let disk = try SmallDisk(byteCount: 1 << 20)
    let store = CheckpointStore(folder: disk.path)
    let small = CheckpointFixture.state(step: 1, width: 8)
    try store.save(small)
    let before = try readBytes(store.path(ofStep: 1))
    for attempt in 0..<5 {
      let failure = #expect(throws: Failure.self) { try store.save(CheckpointFixture.state(step: 2, width: 64)) }
      #expect(failure?.kind == .inputOutput, "attempt \(attempt)")
      #expect(failure?.message.contains("step-000000002.h5") == true, "\(failure?.message ?? "")")
      #expect(failure?.message.contains("no space left on the disk") == true, "\(failure?.message ?? "")")
    }
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: disk.path).sorted() == ["latest.h5", "step-000000001.h5"])
    #expect(try readBytes(store.path(ofStep: 1)) == before)
    #expect(store.latestStep == 1)
    // The space of the failed attempts is free again.
    try store.save(CheckpointFixture.state(step: 3, width: 8))
    #expect(try store.newestGood { Issue.record("\($0)") }?.state.step == 3)
  }

  /// In a process of its own, because the limit holds for all of it.
  @Test func aLimitOfTheFileSizeIsSaidAndLeavesNothingBehind() async throws {
    await #expect(processExitsWith: .success) {
      let folder = TemporaryFolder()
      signal(SIGXFSZ, SIG_IGN)
      let fileSize = __rlimit_resource_t(1 /* RLIMIT_FSIZE */)
      var limit = rlimit()
      #expect(getrlimit(fileSize, &limit) == 0)
      limit.rlim_cur = 100_000
      #expect(setrlimit(fileSize, &limit) == 0)
      let path = folder.file("a.h5")
      let failure = #expect(throws: Failure.self) { try CheckpointWriter.write(CheckpointFixture.state(), to: path) }
      #expect(failure?.kind == .inputOutput)
      #expect(failure?.message.contains("the file size limit is reached") == true, "\(failure?.message ?? "")")
      #expect(folder.names == [])
    }
  }

  /// A writer that is killed at any time leaves the older checkpoints and at most a temporary file, which the next one
  /// removes.
  @Test(arguments: [3, 11, 24, 40, 70]) func aKilledWriterHarmsNothing(milliseconds: Int) async throws {
    let store = CheckpointStore(folder: folder.path)
    try store.save(CheckpointFixture.state(step: 1, width: 256))
    await #expect(processExitsWith: .signal(SIGKILL)) {
      [path = folder.path as String, milliseconds = milliseconds as Int] in
      let writer = Thread {
        let store = CheckpointStore(folder: path)
        for step in 2... { _ = try? store.save(CheckpointFixture.state(step: step, width: 256)) }
      }
      writer.start()
      usleep(UInt32(milliseconds) * 1000)
      kill(getpid(), SIGKILL)
      usleep(10_000_000)
    }
    let steps = try store.steps()
    #expect(steps.first == 1)
    for step in steps { try CheckpointReader(store.path(ofStep: step)).verify() }
    #expect(try store.newestGood { Issue.record("\($0)") }?.state.step == steps.last)
    try store.removeLeftovers()
    #expect(folder.names == ["latest.h5"] + steps.map(CheckpointStore.name(ofStep:)))
  }
}

/// A mounted file system in memory, unmounted with its owner.
private final class SmallDisk {
  let path: String

  static let canMount: Bool = {
    guard let disk = try? SmallDisk(byteCount: 1 << 16) else { return false }
    return withExtendedLifetime(disk) { true }
  }()

  init(byteCount: Int) throws {
    path = "/tmp/small-disk-\(UUID().uuidString)"
    mkdir(path, 0o700)
    guard mount("tmpfs", path, "tmpfs", 0, "size=\(byteCount)") == 0 else {
      rmdir(path)
      throw Failure(.inputOutput, "cannot mount")
    }
  }

  deinit {
    umount2(path, Int32(MNT_DETACH))
    rmdir(path)
  }
}
