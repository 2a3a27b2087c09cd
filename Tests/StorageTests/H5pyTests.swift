import Basics
import Storage
import TestSupport
import Testing

/// Reads with an independent reader what Storage wrote, and the other way round. Skipped where python3 or h5py is
/// missing.
@Suite(.enabled(if: Python.hasH5py, "python3 with h5py is not installed")) struct H5pyTests {
  let folder = TemporaryFolder()

  @Test func h5pyReadsWhatWeWrite() throws {
    let path = folder.file("a.h5")
    let file = try HDF5File.create(path)
    let group = try file.root.createGroup("group")
    try group.write("floats", (0..<60).map { Float($0) / 8 }, shape: [3, 4, 5], options: .chunked(byteCount: 80))
    try group.write("labels", [UInt16(0), 65535], shape: [1, 2])
    try group.writeStrings("names", ["Straße", "b", ""])
    try group.writeString("text", "a: 1\nü: 2\n")
    try group.setAttribute("name", "Grün")
    try group.setAttribute("widths", [Int64(64), 128])
    try group.setAttribute("seed", UInt64.max)
    try group.setAttribute("crc32c", UInt32(7))
    try group.setAttribute("real", 0.1)
    let palette = try file.root.write("palette", [UInt8](repeating: 9, count: 768), shape: [256, 3])
    try palette.markAsPalette()
    try file.root.write("image", [UInt8](repeating: 1, count: 12), shape: [2, 2, 3]).markAsTrueColorImage()
    try file.root.write("label", [UInt8](repeating: 1, count: 4), shape: [2, 2]).markAsIndexedImage(palette: palette)
    try file.close()
    try Python.run(
      """
      import h5py, numpy, sys
      f = h5py.File(sys.argv[1], "r")
      g = f["group"]
      d = g["floats"]
      assert d.dtype == numpy.float32 and d.fletcher32 and d.chunks == (1, 4, 5), (d.chunks, d.fletcher32)
      assert (d[:] == numpy.arange(60, dtype="f4").reshape(3, 4, 5) / 8).all()
      assert g["labels"].dtype == numpy.uint16 and g["labels"][:].tolist() == [[0, 65535]]
      assert g["labels"].chunks is None
      assert list(g["names"].asstr()[:]) == ["Straße", "b", ""]
      assert [n.decode() for n in g["names"][:]] == ["Straße", "b", ""]
      assert g["text"].asstr()[()] == "a: 1\\nü: 2\\n"
      assert g.attrs["name"] == "Grün" and isinstance(g.attrs["name"], str)
      assert g.attrs["widths"].tolist() == [64, 128] and g.attrs["widths"].dtype == numpy.int64
      assert g.attrs["seed"] == 2**64 - 1 and g.attrs["crc32c"].dtype == numpy.uint32 and g.attrs["real"] == 0.1
      assert f["image"].attrs["CLASS"] == b"IMAGE" and f["image"].attrs["INTERLACE_MODE"] == b"INTERLACE_PIXEL"
      assert f[f["label"].attrs["PALETTE"][0]].name == "/palette"
      assert f["palette"].attrs["PAL_TYPE"] == b"STANDARD8"
      """, path)
  }

  @Test func weReadWhatH5pyWrites() throws {
    let path = folder.file("b.h5")
    try Python.run(
      """
      import h5py, numpy, sys
      with h5py.File(sys.argv[1], "w") as f:
        g = f.create_group("group")
        g["double"] = numpy.linspace(0, 1, 5)
        g["half"] = numpy.array([0.5, 2], dtype="f2")
        g["big_endian"] = numpy.array([[1, 2, 3]], dtype=">i4")
        g.create_dataset("zipped", data=numpy.zeros((100, 100), "f4"), compression="gzip", shuffle=True)
        g["variable"] = ["Straße", "", "b"]
        g["fixed"] = numpy.array([b"ab", b"c"])
        g["scalar"] = "text"
        g["truth"] = numpy.array([True])
        g.attrs["text"] = "Grün"
        g.attrs["fixed"] = numpy.bytes_(b"abc")
        g.attrs["list"] = ["a", "ü"]
        g.attrs["int"] = 5
        g.attrs["small"] = numpy.int16(-3)
        g.attrs["ints"] = [1, 2, 3]
        g.attrs["float"] = numpy.float32(0.5)
        g.attrs["bool"] = True
        g.attrs["none"] = h5py.Empty("f4")
        f["soft"] = h5py.SoftLink("/group/double")
        f["outside"] = h5py.ExternalLink("/etc/passwd", "/x")
      """, path)
    let root = try HDF5File.open(path).root
    let group = try root.group("group")
    #expect(try group.dataset("double").read(as: Float.self) == [0, 0.25, 0.5, 0.75, 1])
    #expect(try group.dataset("half").read(as: Float.self) == [0.5, 2])
    #expect(try group.dataset("big_endian").read(as: Int32.self) == [1, 2, 3])
    #expect(try group.dataset("big_endian").fileOffset == nil)
    #expect(try group.dataset("double").fileOffset != nil)
    #expect(try group.dataset("zipped").read(as: Float.self) == [Float](repeating: 0, count: 10000))
    #expect(try group.dataset("variable").readStrings() == ["Straße", "", "b"])
    #expect(try group.dataset("fixed").readStrings() == ["ab", "c"])
    #expect(try group.dataset("scalar").readString() == "text")
    #expect(try group.dataset("truth").type == .int8)
    #expect(try group.stringAttribute("text") == "Grün")
    #expect(try group.stringAttribute("fixed") == "abc")
    #expect(try group.attributeValue("list") == .strings(["a", "ü"], isScalar: false))
    #expect(try group.integerAttribute("int") == 5)
    #expect(try group.integerAttribute("small") == -3)
    #expect(try group.integersAttribute("ints") == [1, 2, 3])
    #expect(try group.realAttribute("float") == 0.5)
    #expect(try group.integerAttribute("bool") == 1)
    #expect(throws: Failure.self) { try group.realAttribute("none") }
    #expect(try root.dataset("soft").count == 5)
    #expect(!root.contains("outside"))
    let failure = #expect(throws: Failure.self) { try root.dataset("outside") }
    #expect(failure?.message.contains("link to another file") == true)
  }
}
