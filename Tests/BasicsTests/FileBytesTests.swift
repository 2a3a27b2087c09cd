import Basics
import Foundation
import Testing

@Suite struct FileBytesTests {
  private func withFolder(_ body: (String) throws -> Void) throws {
    let folder = NSTemporaryDirectory() + "fcn-dist-files-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try body(folder)
  }

  @Test func whatIsWrittenIsReadAndReplaced() throws {
    try withFolder { folder in
      let path = folder + "/a"
      for bytes in [[1, 2, 3], [], [UInt8](repeating: 7, count: 300_000)] as [[UInt8]] {
        try bytes.withUnsafeBytes { try FileBytes.write($0, to: path) }
        #expect(try FileBytes.read(path) == bytes)
      }
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["a"])
      let failure = #expect(throws: Failure.self) { try FileBytes.read(path, limit: 1000) }
      #expect(failure?.kind == .badData)
    }
  }

  @Test func errorsNameThePathAndLeaveNothing() throws {
    try withFolder { folder in
      let missing = #expect(throws: Failure.self) { try FileBytes.read(folder + "/none") }
      #expect(missing?.kind == .missingInput && missing?.message.contains("/none") == true)
      #expect(throws: Failure.self) { try FileBytes.read(folder) }
      let unwritable = #expect(throws: Failure.self) {
        try [UInt8(1)].withUnsafeBytes { try FileBytes.write($0, to: folder + "/none/a") }
      }
      #expect(unwritable?.kind == .cannotCreate)
      try FileManager.default.createDirectory(atPath: folder + "/taken", withIntermediateDirectories: true)
      #expect(throws: Failure.self) {
        try [UInt8(1)].withUnsafeBytes { try FileBytes.write($0, to: folder + "/taken") }
      }
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["taken"])
    }
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
