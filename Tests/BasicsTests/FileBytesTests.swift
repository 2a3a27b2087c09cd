import Basics
import Foundation
import TestSupport
import Testing

@Suite struct FileBytesTests {
  @Test func whatIsWrittenIsReadAndReplaced() throws {
    let folder = TemporaryFolder()
    let path = folder.file("a")
    for bytes in [[1, 2, 3], [], [UInt8](repeating: 7, count: 300_000)] as [[UInt8]] {
      try bytes.withUnsafeBytes { try FileBytes.write($0, to: path) }
      #expect(try FileBytes.read(path) == bytes)
    }
    #expect(folder.names == ["a"])
    let failure = #expect(throws: Failure.self) { try FileBytes.read(path, limit: 1000) }
    #expect(failure?.kind == .badData)
  }

  @Test func errorsNameThePathAndLeaveNothing() throws {
    let folder = TemporaryFolder()
    let missing = #expect(throws: Failure.self) { try FileBytes.read(folder.file("none")) }
    #expect(missing?.kind == .missingInput && missing?.message.contains("/none") == true)
    #expect(throws: Failure.self) { try FileBytes.read(folder.path) }
    let unwritable = #expect(throws: Failure.self) {
      try [UInt8(1)].withUnsafeBytes { try FileBytes.write($0, to: folder.file("none/a")) }
    }
    #expect(unwritable?.kind == .cannotCreate)
    try FileManager.default.createDirectory(atPath: folder.file("taken"), withIntermediateDirectories: true)
    #expect(throws: Failure.self) {
      try [UInt8(1)].withUnsafeBytes { try FileBytes.write($0, to: folder.file("taken")) }
    }
    #expect(folder.names == ["taken"])
  }

  @Test func foldersOfPaths() {
    #expect(
      FileBytes.folder(of: "a") == "." && FileBytes.folder(of: "/a") == "/" && FileBytes.folder(of: "b/c/a") == "b/c")
  }
}

@Suite struct MonitorTests {
  @Test func threadsTakeTurns() throws {
    let state = Monitor((turn: 0, log: [Int]()))
    try WorkerThread.run(count: 4) { index in
      for round in 0..<50 {
        state.wait { state -> Void? in
          guard state.turn == round * 4 + index else { return nil }
          state.turn += 1
          state.log.append(index)
          return ()
        }
      }
    }
    #expect(state.withLock { $0.log } == (0..<200).map { $0 % 4 })
  }

  @Test func everyThreadRunsOnceAndIsJoined() throws {
    for count in [1, 3] {
      let counts = Monitor([Int](repeating: 0, count: count))
      try WorkerThread.run(count: count) { index in counts.change { $0[index] += 1 } }
      #expect(counts.withLock { $0 } == [Int](repeating: 1, count: count))
    }
  }
}
