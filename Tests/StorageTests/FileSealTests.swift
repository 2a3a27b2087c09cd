import Basics
import Storage
import TestSupport
import Testing

@Suite struct FileSealTests {
  let folder = TemporaryFolder()

  private func makeFile(_ name: String, sealing coverage: FileSeal.Coverage) throws -> String {
    let path = folder.file(name)
    let file = try HDF5File.create(path)
    try file.root.setAttribute("format", "sealed")
    try file.root.setAttribute("name", "Grün")
    try file.root.write("values", (0..<3000).map(Float.init), shape: [3000])
    try file.close(sealing: coverage)
    return path
  }

  @Test func everyFlippedBitOfASealedFileIsFoundOrHarmless() throws {
    let path = try makeFile("a.h5", sealing: .everything)
    #expect(try FileSeal.check(path))
    let bytes = try readBytes(path)
    let damagedPath = folder.file("damaged.h5")
    var random = Philox(seed: 2, purpose: .test, stream: 0)
    var sealOnly = 0
    for round in 0..<400 {
      // The last bytes, the seal itself, get their share.
      let place = bytes.count - 1 - Int(random.next(below: UInt32(round % 4 == 0 ? 60 : bytes.count)))
      var damaged = bytes
      damaged[place] ^= 1 << UInt8(random.next(below: 8))
      try writeBytes(damaged, to: damagedPath)
      do {
        let root = try HDF5File.open(damagedPath).root
        #expect(try root.stringAttribute("name") == "Grün")
        #expect(try root.dataset("values").read(as: Float.self) == (0..<3000).map(Float.init))
        sealOnly += 1
        // Only the seal's own name may go unnoticed.
        #expect((bytes.count - 32..<bytes.count - 16).contains(place))
      } catch let failure as Failure { #expect(failure.kind == .badData) }
    }
    #expect(sealOnly < 100)
  }

  @Test func stringsInTheHeapAreCoveredWithoutReadingRawData() throws {
    let path = try makeFile("b.h5", sealing: .unprotectedMetadata)
    let bytes = try readBytes(path)
    let heap = try #require(bytes.firstRange(of: Array("GCOL".utf8))).lowerBound
    let dataset = try HDF5File.open(path).root.dataset("values")
    let payload = try #require(dataset.fileOffset)
    let damagedPath = folder.file("damaged.h5")
    for place in stride(from: heap, to: heap + 4096, by: 23) {
      var damaged = bytes
      damaged[place] ^= 1 << UInt8(place % 8)
      try writeBytes(damaged, to: damagedPath)
      #expect(throws: Failure.self) { try HDF5File.open(damagedPath) }
    }
    var damaged = bytes
    damaged[payload + 3] ^= 1
    try writeBytes(damaged, to: damagedPath)
    _ = try HDF5File.open(damagedPath)
  }

  @Test func filesOfOtherToolsNeedNoSeal() throws {
    let path = try makeFile("c.h5", sealing: .everything)
    let bytes = try readBytes(path)
    try writeBytes(bytes.dropLast(52), to: path)
    #expect(try FileSeal.check(path) == false)
    #expect(try HDF5File.open(path).root.stringAttribute("format") == "sealed")
    try writeBytes(bytes.prefix(10), to: path)
    #expect(try FileSeal.check(path) == false)
    try writeBytes(bytes.prefix(100) + bytes.suffix(52), to: path)
    #expect(throws: Failure.self) { try FileSeal.check(path) }
  }

  @Test(.enabled(if: Python.hasH5py, "python3 with h5py is not installed"))
  func h5pyReadsAndChangesSealedFiles() throws {
    let path = try makeFile("d.h5", sealing: .everything)
    try Python.run(
      """
      import h5py, sys
      with h5py.File(sys.argv[1], "r") as f:
        assert f.attrs["name"] == "Grün" and f["values"][2999] == 2999
      with h5py.File(sys.argv[1], "a") as f:
        f["more"] = [1.5] * 1000
      with h5py.File(sys.argv[1], "r") as f:
        assert f["more"][999] == 1.5 and f["values"][2999] == 2999
      """, path)
    #expect(try FileSeal.check(path) == false)
    #expect(try HDF5File.open(path).root.dataset("more").read(as: Double.self).count == 1000)
  }
}
