import Basics
import Foundation
import Storage
import TestSupport
import Testing

/// Untrusted files are read in a separate process, which may die.
@Suite struct IsolationTests {
  let folder = TemporaryFolder()

  /// A file as another tool could have written it: without a seal.
  private func makeFile(_ name: String) throws -> String {
    let path = folder.file(name)
    let file = try HDF5File.create(path)
    try file.root.setAttribute("format", "of a test")
    try file.root.setAttribute("second", "more text")
    try file.root.setAttribute("numbers", [Int64(1), -2, .max])
    try file.root.setAttribute("large", UInt64.max)
    try file.root.setAttribute("real", 0.25)
    let group = try file.root.createGroup("group")
    try group.writeStrings("names", ["a", "größer", ""])
    try group.write("values", (0..<6000).map(Float.init), shape: [100, 60], options: .chunked(byteCount: 4096))
    try group.write("bytes", [UInt8](0..<200), shape: [200])
    try file.close()
    try dropSeal(of: path)
    return path
  }

  private func dropSeal(of path: String) throws {
    let bytes = try readBytes(path)
    let tail = try #require(Data(bytes).range(of: Data("fcn-dist seal 1\n".utf8), options: .backwards)).lowerBound
    let length = bytes[(tail + 16)..<(tail + 24)].reversed().reduce(0) { $0 << 8 | Int($1) }
    try writeBytes(bytes[..<length], to: path)
    #expect(try FileSeal.check(path) == false)
  }

  /// Processes that this one has started to read `path`.
  private func readers(of path: String) -> [pid_t] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    return names.compactMap { pid_t($0) }.filter { process in
      let command = FileManager.default.contents(atPath: "/proc/\(process)/cmdline") ?? Data()
      return command.range(of: Data("read-hdf5-for-parent\0\(path)\0".utf8)) != nil
    }
  }

  @Test func readsTheSameFromAnotherProcess() throws {
    let path = try makeFile("a.h5")
    let file = try HDF5File.open(path)
    #expect(readers(of: path).count == 1)
    let root = file.root
    #expect(try root.stringAttribute("format") == "of a test")
    #expect(try root.integersAttribute("numbers") == [1, -2, .max])
    #expect(try root.unsignedAttribute("large") == .max)
    #expect(try root.realAttribute("real") == 0.25)
    #expect(root.hasAttribute("second") && !root.hasAttribute("third"))
    #expect(try root.attributeNames() == ["format", "large", "numbers", "real", "second"])
    #expect(try root.childNames() == ["group"] && root.isGroup("group") && !root.contains("group/none"))
    let group = try root.group("group")
    #expect(try group.childNames() == ["bytes", "names", "values"])
    #expect(try group.dataset("names").readStrings() == ["a", "größer", ""])
    #expect(try group.dataset("names").readStringBytes()?.count == 3 * "größer".utf8.count)
    let values = try group.dataset("values")
    #expect(values.shape == [100, 60] && values.type == .float32 && values.rowsPerChunk != nil)
    #expect(try values.read(as: Float.self) == (0..<6000).map(Float.init))
    var rows = [Double](repeating: 0, count: 120)
    try rows.withUnsafeMutableBufferPointer { try values.readRows(7..<9, into: $0) }
    #expect(rows == (420..<540).map(Double.init))
    let bytes = try group.dataset("bytes")
    let offset = try #require(bytes.fileOffset)
    #expect(try Array(readBytes(path)[offset..<offset + 200]) == [UInt8](0..<200))
    let missing = #expect(throws: Failure.self) { try root.dataset("group/none") }
    #expect(missing?.kind == .badData && missing?.message == "\(path) has no /group/none")
    #expect(throws: Failure.self) { try root.createGroup("new") }
    try file.close()
    #expect(readers(of: path) == [])
    #expect(throws: Failure.self) { try bytes.read(as: UInt8.self) }
  }

  @Test func theProcessEndsWithTheLastOwner() throws {
    let path = try makeFile("a.h5")
    do {
      let dataset = try HDF5File.open(path).root.dataset("group/bytes")
      #expect(readers(of: path).count == 1)
      #expect(try dataset.read(as: UInt8.self).count == 200)
    }
    #expect(readers(of: path) == [])
  }

  @Test(arguments: [(SIGSEGV, "crashed (signal 11)"), (SIGKILL, "was ended from outside")])
  func aReaderThatDiesIsAnErrorOfItsFile(signal: Int32, words: String) throws {
    let path = try makeFile("a.h5")
    let other = try HDF5File.open(try makeFile("b.h5"))
    let file = try HDF5File.open(path)
    for reader in readers(of: path) { kill(reader, signal) }
    for _ in 0..<2 {
      let failure = #expect(throws: Failure.self) { try file.root.stringAttribute("format") }
      #expect(failure?.kind == .badData)
      #expect(failure?.message.contains("a.h5 is damaged: the HDF5 library \(words)") == true, "\(failure!)")
    }
    try file.close()
    #expect(try other.root.stringAttribute("format") == "of a test")
  }

  /// What the library does in the process that asks it, without a process of its own: it reads beyond its memory where a
  /// heap's object is larger than the heap, and walks for ever where one has no size.
  @Test(arguments: [("crashed (signal", false), ("computed for more than 2 s", true)])
  func theLibraryMayDieOfAFile(words: String, isEndless: Bool) throws {
    let path = try makeFile("a.h5")
    var bytes = try readBytes(path)
    let heap = try #require(Data(bytes).range(of: Data("GCOL".utf8))).lowerBound
    if isEndless {
      // The second object: behind the heap's header, the first one's header and its nine bytes of text, rounded up.
      let second = heap + 16 + 16 + 16
      for place in second..<second + 16 { bytes[place] = 0 }
    } else {
      bytes[heap + 16 + 8 + 5] = 1
    }
    try writeBytes(bytes, to: path)
    let before = Date()
    let failure = #expect(throws: Failure.self) {
      let root = try HDF5File.open(path).root
      _ = try root.stringAttribute("format")
      _ = try root.stringAttribute("second")
    }
    #expect(failure?.kind == .badData && failure?.message.contains(words) == true, "\(failure!)")
    #expect(Date().timeIntervalSince(before) < 60)
  }
}
