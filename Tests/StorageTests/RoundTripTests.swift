import Basics
import Storage
import TestSupport
import Testing

@Suite struct RoundTripTests {
  let folder = TemporaryFolder()

  private func roundTrip<T: HDF5Scalar & Equatable>(_ values: [T], options: DatasetOptions) throws {
    let path = folder.file("\(T.self).h5")
    let file = try HDF5File.create(path)
    try file.root.write("values", values, shape: [2, values.count / 2], options: options)
    try file.close()
    let dataset = try HDF5File.open(path).root.dataset("values")
    #expect(dataset.shape == [2, values.count / 2])
    #expect(dataset.type == T.hdf5Type)
    #expect(try dataset.read() == values)
  }

  @Test(arguments: [false, true]) func numbersOfEveryTypeComeBack(isChunked: Bool) throws {
    let options: DatasetOptions = isChunked ? .chunked(byteCount: 8) : .contiguous
    try roundTrip([UInt8](0...255), options: options)
    try roundTrip([Int8.min, -1, 0, .max], options: options)
    try roundTrip([UInt16.min, 1, 256, .max], options: options)
    try roundTrip([Int16.min, -1, 256, .max], options: options)
    try roundTrip([UInt32.min, 1, 1 << 20, .max], options: options)
    try roundTrip([Int32.min, -1, 1 << 20, .max], options: options)
    try roundTrip([UInt64.min, 1, 1 << 40, .max], options: options)
    try roundTrip([Int64.min, -1, 1 << 40, .max], options: options)
    try roundTrip([Float.leastNonzeroMagnitude, -0.1, .greatestFiniteMagnitude, -.infinity], options: options)
    try roundTrip([Double.leastNonzeroMagnitude, -0.1, .greatestFiniteMagnitude, -.infinity], options: options)
  }

  @Test func integersWidenAndNothingIsCutOff() throws {
    let path = folder.file("a.h5")
    let file = try HDF5File.create(path)
    try file.root.write("bytes", [UInt8(7), 255], shape: [2])
    try file.root.write("words", [Int64(-1), 70000], shape: [2])
    try file.root.write("reals", [1.5, 1e-3], shape: [2])
    try file.close()
    let root = try HDF5File.open(path).root
    #expect(try root.dataset("bytes").read(as: UInt16.self) == [7, 255])
    #expect(try root.dataset("bytes").read(as: Int64.self) == [7, 255])
    #expect(try root.dataset("bytes").read(as: Float.self) == [7, 255])
    #expect(try root.dataset("reals").read(as: Float.self) == [1.5, 1e-3])
    let failure = #expect(throws: Failure.self) { try root.dataset("words").read(as: UInt8.self) }
    #expect(failure?.message.contains("/words holds int64 values where uint8 is expected") == true)
    #expect(throws: Failure.self) { try root.dataset("bytes").read(as: Int8.self) }
    #expect(throws: Failure.self) { try root.dataset("bytes").readStrings() }
  }

  @Test func rowsAreReadByThemselves() throws {
    let path = folder.file("a.h5")
    let values = (0..<5 * 6 * 7).map(Float.init)
    let file = try HDF5File.create(path)
    try file.root.write("values", values, shape: [5, 6, 7], options: .chunked(byteCount: 2 * 6 * 7 * 4))
    try file.close()
    let dataset = try HDF5File.open(path).root.dataset("values")
    #expect(dataset.rowsPerChunk == 2)
    var rows = [Float](repeating: 0, count: 2 * 6 * 7)
    try rows.withUnsafeMutableBufferPointer { try dataset.readRows(3..<5, into: $0) }
    #expect(rows == Array(values[3 * 42..<5 * 42]))
    #expect(throws: Failure.self) { try rows.withUnsafeMutableBufferPointer { try dataset.readRows(4..<6, into: $0) } }
    #expect(throws: Failure.self) { try rows.withUnsafeMutableBufferPointer { try dataset.readRows(0..<1, into: $0) } }
  }

  @Test func stringsAndAttributesComeBack() throws {
    let path = folder.file("a.h5")
    let strings = ["", "street", "Bäume und Büsche", "木"]
    let file = try HDF5File.create(path)
    let group = try file.root.createGroup("group")
    try group.writeStrings("names", strings)
    try group.writeString("text", "line 1\nline 2 ü\n")
    #expect(group.path == "/group")
    try group.setAttribute("integer", Int64.min)
    try group.setAttribute("large", UInt64.max)
    try group.setAttribute("real", 0.1)
    try group.setAttribute("crc", UInt32.max)
    try group.setAttribute("widths", [Int64(64), 128, 256])
    try group.setAttribute("name", "Grün")
    try group.setAttribute("empty", "")
    try group.setAttribute("name", "Grüner")
    try file.close()

    let read = try HDF5File.open(path).root.group("group")
    #expect(try read.dataset("names").readStrings() == strings)
    #expect(try read.dataset("text").readString() == "line 1\nline 2 ü\n")
    #expect(try read.integerAttribute("integer") == .min)
    #expect(try read.unsignedAttribute("large") == .max)
    #expect(try read.realAttribute("real") == 0.1)
    #expect(try read.integerAttribute("crc") == Int64(UInt32.max))
    #expect(try read.integersAttribute("widths") == [64, 128, 256])
    #expect(try read.stringAttribute("name") == "Grüner")
    #expect(try read.stringAttribute("empty") == "")
    #expect(
      try read.attributeNames() == ["crc", "empty", "integer", "large", "name", "real", "widths"])
    #expect(read.hasAttribute("crc") && !read.hasAttribute("nothing"))
    #expect(throws: Failure.self) { try read.integerAttribute("name") }
    #expect(throws: Failure.self) { try read.integerAttribute("large") }
    #expect(throws: Failure.self) { try read.stringAttribute("nothing") }
  }

  @Test func groupsListWhatTheyHold() throws {
    let path = folder.file("a.h5")
    let file = try HDF5File.create(path)
    let outer = try file.root.createGroup("outer")
    try outer.createGroup("inner").write("values", [UInt8](), shape: [0, 3])
    try file.close()
    let root = try HDF5File.open(path).root
    #expect(try root.childNames() == ["outer"])
    #expect(root.contains("outer/inner/values") && !root.contains("outer/nothing/values"))
    #expect(root.isGroup("outer/inner") && !root.isGroup("outer/inner/values"))
    #expect(try root.dataset("outer/inner/values").shape == [0, 3])
    #expect(try root.dataset("outer/inner/values").read(as: UInt8.self).isEmpty)
    #expect(try root.group("outer").group("inner").path == "/outer/inner")
    let failure = #expect(throws: Failure.self) { try root.dataset("outer/nothing/values") }
    #expect(failure?.message == "\(path) has no /outer/nothing")
    #expect(throws: Failure.self) { try root.group("outer/inner/values") }
    #expect(throws: Failure.self) { try root.dataset("outer/inner") }
  }

  @Test func contiguousValuesAreFoundByOffset() throws {
    let path = folder.file("a.h5")
    let values = (0..<1000).map { Float($0) * 0.25 }
    let file = try HDF5File.create(path)
    try file.root.write("piece", values, shape: [10, 100])
    try file.root.write("chunks", values, shape: [10, 100], options: .chunked())
    try file.close()
    let root = try HDF5File.open(path).root
    let offset = try #require(try root.dataset("piece").fileOffset)
    #expect(try root.dataset("chunks").fileOffset == nil)
    let bytes = try readBytes(path)
    let found = bytes[offset..<offset + 4000].withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }
    #expect(found == values)
  }

  @Test func chunksAreWholeRows() throws {
    let path = folder.file("a.h5")
    let file = try HDF5File.create(path)
    let values = [Float](repeating: 1, count: 100 * 64 * 49)
    let dataset = try file.root.write("fc6", values, shape: [100, 64, 7, 7], options: .chunked())
    // 64*49*4 bytes a row: 83 rows fit one MiB, two even pieces are 50 rows.
    #expect(dataset.rowsPerChunk == 50)
  }

  @Test func twoWritesOfTheSameContentAreTheSameBytes() throws {
    for name in ["a.h5", "b.h5"] {
      let file = try HDF5File.create(folder.file(name))
      try file.root.createGroup("group").write("values", [Float(1), 2], shape: [2], options: .chunked())
      try file.root.setAttribute("format", "test")
      try file.close()
    }
    #expect(try readBytes(folder.file("a.h5")) == readBytes(folder.file("b.h5")))
  }
}
