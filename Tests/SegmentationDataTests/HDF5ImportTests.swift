import Basics
import Foundation
import SegmentationData
import TestSupport
import Testing

/// Arrays of h5py become a dataset.
@Suite(.enabled(if: Python.hasH5py)) struct HDF5ImportTests {
  private func importing(
    _ files: SourceFiles, _ image: String, _ label: String, labels: LabelOptions = LabelOptions(),
    from path: String = ""
  ) throws -> [DatasetInfo] {
    try files.importing(
      .hdf5, from: path.isEmpty ? nil : path, ImportOptions(labels: labels, arrays: (image, label)))
  }

  private func run(_ script: String, _ files: SourceFiles) throws {
    try files.folder.makeFolder("source")
    try Python.run("import sys, os, h5py, numpy as np\nos.chdir(sys.argv[1])\n" + script, files.source)
  }

  /// In small what DeepCAM has: a sample in each file, float32 [768, 1152, 16].
  @Test func aSampleInEachFileWithGaps() throws {
    let files = SourceFiles()
    try run(
      """
      for split, count in (('train', 3), ('validation', 2)):
          os.makedirs(split)
          for i in range(count):
              with h5py.File(f'{split}/data-{i}.h5', 'w') as f:
                  image = np.arange(4 * 6 * 16, dtype=np.float32).reshape(4, 6, 16) + i
                  image[0, 0, 3], image[1, 2, 0], image[3, 5, 15] = np.nan, np.inf, -999
                  f.create_dataset('climate/data', data=image, chunks=(2, 3, 16), compression='gzip')
                  f['climate/data'].attrs['_FillValue'] = np.float32(-999)
                  label = np.arange(24).reshape(4, 6) % 3
                  label[2, 2] = -1
                  f.create_dataset('climate/labels_0', data=label.astype(np.float64 if i else np.int64))
      """, files)
    let infos = try importing(files, "climate/data", "climate/labels_0", from: "{split}/*.h5")
    #expect(infos.map(\.split) == ["train", "val"] && infos[0].channels == 16 && infos[0].classCount == 3)
    let sample = try files.dataset().read(1)
    #expect(sample.key == "data-1" && sample.pixels.kind == .float32 && sample.pixels[1] == 2)
    #expect(sample.pixels[3] == 0 && sample.pixels[4] == 5)
    let voids = sample.labels.indices.filter { sample.labels[$0] == 255 }
    #expect(voids == [0, 8, 14, 23] && sample.labels[1] == 1)
    #expect(files.notes.contains { $0.hasPrefix("5 label pixels have no value") })
    #expect(files.notes.contains { $0.hasPrefix("15 image pixels have no value in some channel") })
  }

  @Test(arguments: ["uint8", ">i2", "uint16", "int32", ">i8", "float16", "float32", ">f8", "uint64"])
  func allNumberTypesAndBothOrders(type: String) throws {
    let files = SourceFiles()
    try run(
      """
      values = np.arange(2 * 3 * 5 * 4).reshape(2, 3, 5, 4)
      with h5py.File('a.h5', 'w') as f:
          f['last'] = values.astype('\(type)')
          f['first'] = np.moveaxis(values, 3, 1).astype('\(type)')
          f['label'] = np.tile(np.arange(5), (2, 3, 1)).astype('\(type)')
      """, files)
    for order in ["last", "first"] {
      try? FileManager.default.removeItem(atPath: files.output)
      let infos = try importing(files, order, "label", from: "a.h5")
      #expect(infos[0].channels == 4 && infos[0].sampleCount == 2 && infos[0].classCount == 5)
      let sample = try files.dataset().read(1)
      #expect(sample.key == "a-00001" || sample.key == "00001")
      #expect((0..<60).allSatisfy { sample.pixels[$0] == Float(60 + $0) })
      #expect(sample.labels == [0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 0, 1, 2, 3, 4])
    }
  }

  /// What people write with h5py's defaults is no shard; the error says how to mend it, and the import does.
  @Test(arguments: ["chunks=(2, 2, 3)", "compression='gzip'", "int64", "none"]) func shardsOfOthers(fault: String)
    throws
  {
    let files = SourceFiles()
    try run(
      ShardScript.text + """

        fault = '''\(fault) '''.strip()
        label = np.arange(20).reshape(4, 5) % 3
        image = np.arange(60, dtype=np.uint8).reshape(4, 5, 3)
        options = eval(f'dict({fault})') if '=' in fault else {}
        write_shard('train-00000-of-00001.h5', [('x', image, label.astype('i8' if fault == 'int64' else 'u1'))], **options)
        if fault == 'none':
            with h5py.File('train-00000-of-00001.h5', 'a') as f: del f['crc32c']
        """, files)
    let failure = #expect(throws: Failure.self) { try Dataset(folder: files.source, split: "train") }
    #expect(failure?.remedy?.contains("data=label.astype('uint8')), with neither chunks nor compression") == true)
    #expect(failure?.remedy?.contains("dataset import hdf5 '") == true)
    #expect(failure?.remedy?.contains("/{split}-00000-of-00001.h5' --image images") == true, "\(failure as Any)")
    _ = try importing(files, "images", "labels", from: "{split}-00000-of-00001.h5")
    let sample = try files.dataset().read(0)
    #expect(sample.key == "x" && sample.pixels == .uint8(Array(0..<60)))
    #expect(sample.labels == (0..<20).map { UInt16($0 % 3) })
  }

  private static let writer = """
    def write(path, value):
        os.makedirs(os.path.dirname(path) or '.', exist_ok=True)
        with h5py.File(path, 'w') as f:
            f['x'] = np.full((2, 3, 3), value, np.uint8)
            f['y'] = np.arange(6, dtype='>i4').reshape(2, 3) % 2

    """

  /// A folder of shards, and others that say by their names what they are of.
  @Test(arguments: [
    ["train-00000-of-00002.h5", "train-00001-of-00002.h5", "val-00000-of-00001.h5"],
    ["train_1.h5", "train_2.h5", "valid_1.h5"], ["sky-train-1.nc", "sky-train-2.nc", "sky-eval-1.nc"],
    ["a/train.h5", "b/train.h5", "c/val.h5"],
  ]) func namesOfFilesSayTheirSplit(paths: [String]) throws {
    let files = SourceFiles()
    let numbered = paths.enumerated().map { "write('\($1)', \($0))" }.joined(separator: "\n")
    try run(Self.writer + numbered, files)
    let infos = try importing(files, "x", "y")
    #expect(infos.map(\.split) == ["train", "val"] && infos.map(\.sampleCount) == [2, 1])
    #expect(try files.dataset("val").read(0).pixels[0] == 2)
    #expect(files.notes.contains { $0.hasPrefix("1 file taken as split 'val', as the names say") }, "\(files.notes)")
    // One split of them.
    try FileManager.default.removeItem(atPath: files.output)
    let val = try files.importing(.hdf5, from: nil, ImportOptions(splits: ["val"], arrays: ("x", "y")))
    #expect(val.map(\.split) == ["val"] && val.map(\.sampleCount) == [1])
    #expect(
      files.refusal(.hdf5, ImportOptions(splits: ["test"], arrays: ("x", "y")))?.message.contains(
        "no file of \(files.source) is called as one of split 'test'") == true)
  }

  @Test func namesThatSayNothingAreOneSplit() throws {
    let files = SourceFiles()
    try run(Self.writer + "write('a.h5', 1); write('testament.h5', 2)", files)
    #expect(try importing(files, "x", "y").map(\.split) == ["train"])
    // Some say it and others do not: nobody can tell what is meant.
    try run(Self.writer + "write('val.h5', 3)", files)
    try FileManager.default.removeItem(atPath: files.output)
    let failure = files.refusal(.hdf5, ImportOptions(arrays: ("x", "y")))
    #expect(failure?.message.contains("some files of \(files.source) are called as those of a split (val)") == true)
    #expect(failure?.remedy?.contains("{split}") == true)
    let all = try files.importing(.hdf5, from: nil, ImportOptions(splits: ["train"], arrays: ("x", "y")))
    #expect(all.map(\.sampleCount) == [3])
    // One file alone, too: val is not trained on because nobody said --split.
    let other = SourceFiles()
    try run(Self.writer + "write('val-00000-of-00001.h5', 3)", other)
    #expect(try importing(other, "x", "y", from: "val-00000-of-00001.h5").map(\.split) == ["val"])
  }

  /// h5py stores masks of truth values as an enumeration; -1 is of no class, whether it is said or not.
  @Test func truthValuesAndNegativesAreLabels() throws {
    let files = SourceFiles()
    try run(
      """
      with h5py.File('a.h5', 'w') as f:
          f['image'] = np.zeros((2, 2, 3), np.uint8)
          f['truth'] = np.array([[True, False], [False, True]])
          f['minus'] = np.array([[1, 0], [-1, 1]])
      """, files)
    _ = try importing(files, "image", "truth", from: "a.h5")
    #expect(try files.labels() == [1, 0, 0, 1])
    for text in ["-1", "-1,255"] {
      let other = SourceFiles()
      try other.folder.makeFolder("source")
      try FileManager.default.copyItem(atPath: files.source + "/a.h5", toPath: other.source + "/a.h5")
      let ignored = try LabelOptions.ignoredValues(text, negativesAreVoid: true)
      _ = try importing(other, "image", "minus", labels: LabelOptions(ignored: ignored), from: "a.h5")
      #expect(try other.labels() == [1, 0, 255, 1])
    }
  }

  @Test func whatIsWrongIsNamed() throws {
    let files = SourceFiles()
    try run(
      """
      with h5py.File('a.h5', 'w') as f:
          f['image'] = np.zeros((4, 5, 3), np.float32)
          f['half'] = np.array([[0, 1, 2, 3, 0.5]] * 4)
          f['label'] = np.zeros((4, 5), np.uint8)
          f['small'] = np.zeros((4, 4), np.uint8)
          f['mask'] = np.array([[0, 255, 0, 255, 0]] * 4)
          f['text'] = np.array([['a'] * 5] * 4, dtype='S1')
      """, files)
    let cases = [
      ("image", "half", "half has the value 0.5 at row 0, column 4"), ("image", "nothing", "a.h5 has no nothing"),
      ("image", "small", "image is [4, 5, 3] and small [4, 4]"), ("image", "mask", "only the values 0 and 255"),
      ("image", "text", "do not hold numbers"),
    ]
    for (image, label, words) in cases {
      let failure = files.refusal(.hdf5, from: "a.h5", ImportOptions(arrays: (image, label)))
      #expect(failure?.message.contains(words) == true, "\(failure as Any)")
    }
    #expect(files.refusal(.hdf5, from: "*.nc", ImportOptions(arrays: ("a", "b")))?.kind == .missingInput)
    _ = try importing(files, "image", "mask", labels: LabelOptions(values: [0, 255]), from: "a.h5")
    #expect(try Array(files.labels().prefix(5)) == [0, 1, 0, 1, 0])
  }
}
