import Basics
import Foundation
import Storage
import TestSupport
import Testing

@Suite struct HostileFileTests {
  let folder = TemporaryFolder()

  private func makeSmallFile(_ name: String) throws -> String {
    let path = folder.file(name)
    let file = try HDF5File.create(path)
    let group = try file.root.createGroup("group")
    try group.write("chunked", (0..<4096).map(Float.init), shape: [64, 64], options: .chunked(byteCount: 4096))
    try group.write("piece", (0..<4096).map(Float.init), shape: [64, 64])
    try group.writeStrings("names", ["a", "bc"])
    try group.setAttribute("number", Int64(5))
    try file.close()
    return path
  }

  /// Everything there is in a file, or the first error.
  private func readAll(_ path: String) throws -> [Float] {
    let group = try HDF5File.open(path).root.group("group")
    _ = try group.integerAttribute("number")
    _ = try group.dataset("names").readStrings()
    return try group.dataset("chunked").read() + group.dataset("piece").read()
  }

  @Test func missingFilesAndOtherThingsAreNamed() throws {
    let missing = #expect(throws: Failure.self) { try HDF5File.open(folder.file("nothing.h5")) }
    #expect(missing?.kind == .missingInput)
    let directory = #expect(throws: Failure.self) { try HDF5File.open(folder.path) }
    #expect(directory?.kind == .badData)
    try writeBytes(Array("no HDF5 at all".utf8), to: folder.file("text.h5"))
    let text = #expect(throws: Failure.self) { try HDF5File.open(folder.file("text.h5")) }
    #expect(text?.kind == .badData)
    #expect(
      text?.message.contains("text.h5 is not an intact HDF5 file (HDF5: H5Fopen: ") == true, "\(text?.message ?? "")")
    #expect(text?.message.contains("\n") == false)
  }

  @Test func existingFilesAreNotOverwritten() throws {
    let path = try makeSmallFile("a.h5")
    let before = try readBytes(path)
    let failure = #expect(throws: Failure.self) { try HDF5File.create(path) }
    #expect(failure?.kind == .cannotCreate)
    #expect(try readBytes(path) == before)
    let folderIsMissing = #expect(throws: Failure.self) { try HDF5File.create(folder.file("no/such/a.h5")) }
    #expect(folderIsMissing?.kind == .cannotCreate)
  }

  @Test func everyTruncationIsFound() throws {
    let bytes = try readBytes(try makeSmallFile("a.h5"))
    let path = folder.file("cut.h5")
    for length in stride(from: 0, to: bytes.count, by: max(1, bytes.count / 97)) {
      try writeBytes(bytes[..<length], to: path)
      #expect(throws: Failure.self, "cut to \(length) of \(bytes.count)") { try readAll(path) }
    }
  }

  @Test func flippedBitsInChecksummedPartsAreFound() throws {
    let path = try makeSmallFile("a.h5")
    let bytes = try readBytes(path)
    let expected = try readAll(path)
    let dataset = try HDF5File.open(path).root.dataset("group/piece")
    let offset = try #require(dataset.fileOffset)
    let flipped = folder.file("flipped.h5")
    var random = Philox(seed: 1, purpose: .test, stream: 7)
    for _ in 0..<300 {
      let place = Int(random.next(below: UInt32(bytes.count)))
      // Contiguous values have no checksum in the file; whoever writes them adds one.
      if (offset..<offset + dataset.storedByteCount).contains(place) { continue }
      var damaged = bytes
      damaged[place] ^= 1 << UInt8(random.next(below: 8))
      try writeBytes(damaged, to: flipped)
      do { #expect(try readAll(flipped) == expected, "bit flip at \(place) changed values") } catch is Failure {}
    }
  }

  @Test(.enabled(if: Python.hasH5py, "python3 with h5py is not installed"))
  func impossibleClaimsTakeNoMemory() throws {
    let path = folder.file("claims.h5")
    try Python.run(
      """
      import h5py, numpy, sys
      with h5py.File(sys.argv[1], "w") as f:
        f.create_dataset("absent", shape=(1 << 20, 1 << 20), dtype="f4")
        f.create_dataset("sparse", shape=(1 << 24, 1 << 16), dtype="f4", chunks=(1, 1 << 16))
        f.create_dataset("overflow", shape=(1 << 40, 1 << 40), dtype="f4", chunks=(1, 1))
        d = f.create_dataset("zipped", shape=(1 << 20, 1 << 16), dtype="f4", chunks=(1, 1 << 16), compression="gzip")
        d[0] = 1
        f.create_dataset("huge_chunk", shape=(4,), maxshape=(None,), dtype="u1", chunks=(1 << 31,), compression="gzip")
        f.create_dataset("strings", shape=(1 << 40,), dtype="S100")
        layout = h5py.VirtualLayout(shape=(4,), dtype="f4")
        layout[:] = h5py.VirtualSource("/etc/hostname", "x", shape=(4,))
        f.create_virtual_dataset("virtual", layout)
        f.create_dataset("external", shape=(4,), dtype="u1", external=[("/etc/passwd", 0, 4)])
        f.attrs.create("big", numpy.zeros(8000))
      """, path)
    let root = try HDF5File.open(path).root
    for name in ["absent", "sparse", "zipped", "virtual", "external", "huge_chunk"] {
      let failure = #expect(throws: Failure.self, "\(name)") { try root.dataset(name).read(as: Float.self) }
      #expect(failure?.kind == .badData)
      #expect(failure?.message.contains("/\(name) ") == true, "\(failure?.message ?? "")")
    }
    #expect(throws: Failure.self) { try root.dataset("overflow") }
    #expect(throws: Failure.self) { try root.dataset("strings").readStrings() }
    #expect(try root.attributeValue("big") == .reals([Double](repeating: 0, count: 8000), isScalar: false))
  }

  @Test func aPipeIsNotWaitedFor() throws {
    let path = folder.file("pipe.h5")
    #expect(mkfifo(path, 0o600) == 0)
    #expect(throws: Failure.self) { try HDF5File.open(path) }
  }
}
