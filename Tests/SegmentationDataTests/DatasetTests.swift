import Basics
import Foundation
import SegmentationData
import Storage
import TestSupport
import Testing

/// Files broken on purpose.
enum Damage {
  /// Changes one byte in the middle of an image.
  static func flipByte(ofImage key: String, in path: String) throws {
    let file = try HDF5File.open(path)
    let image = try file.root.dataset("images/\(key)")
    let offset = try #require(image.fileOffset)
    let place = offset + image.storedByteCount / 2
    try file.close()
    var bytes = try FileBytes.read(path)
    bytes[place] ^= 0x10
    try Data(bytes).write(to: URL(fileURLWithPath: path))
  }

  static func cut(_ path: String, by count: Int) throws {
    let bytes = try FileBytes.read(path)
    try Data(bytes.dropLast(count)).write(to: URL(fileURLWithPath: path))
  }
}

@Suite struct DatasetTests {
  @Test(arguments: [PixelKind.uint8, .uint16, .float32]) func whatIsWrittenIsRead(kind: PixelKind) throws {
    let folder = TemporaryFolder()
    let channels = kind == .uint8 ? 3 : 5
    let dataset = try RandomSamples.write(11, to: folder.path, kind: kind, channels: channels, shards: 4)
    #expect(folder.names == (0..<4).map { "train-0000\($0)-of-00004.h5" })
    #expect(dataset.info == RandomSamples.info(count: 11, channels: channels))
    #expect(try Dataset.splits(in: folder.path) == ["train"])
    var reused = RawSample()
    for index in 0..<11 {
      let expected = RandomSamples.sample(index, kind: kind, channels: channels)
      try dataset.read(index, into: &reused)
      for sample in [try dataset.read(index), reused] {
        #expect(sample.key == expected.key && sample.height == expected.height && sample.width == expected.width)
        #expect(sample.channels == channels && sample.pixels == expected.pixels && sample.labels == expected.labels)
      }
      #expect(dataset.key(index) == expected.key && dataset.size(index) == (expected.height, expected.width))
    }
    #expect(HDF5Library.liveHandleCount >= 0)
  }

  @Test func theFingerprintFollowsTheData() throws {
    let folder = TemporaryFolder()
    let one = try RandomSamples.write(5, to: folder.file("a"))
    let same = try RandomSamples.write(5, to: folder.file("b"), shards: 2)
    let other = try RandomSamples.write(6, to: folder.file("c"))
    #expect(one.fingerprint == same.fingerprint && one.fingerprint != other.fingerprint)
  }

  // Needs python3 with h5py as the independent side.
  @Test(.enabled(if: Python.hasH5py)) func h5pyReadsWhatIsWritten() throws {
    let folder = TemporaryFolder()
    try RandomSamples.write(5, to: folder.path, shards: 2)
    let output = try Python.run(
      ShardScript.text + """

        d = sys.argv[1]
        keys = []
        for shard, count in ((0, 2), (1, 3)):
            f = h5py.File(f'{d}/train-0000{shard}-of-00002.h5')
            assert dict(f.attrs) == dict(format='fcn-dist-dataset', version=1, split='train', shard=shard, shards=2,
                                         samples=count, classes=5, ignore_label=255, channels=3), dict(f.attrs)
            assert all(f.attrs[k].dtype == np.int64 for k in ('version', 'shard', 'classes'))
            assert list(f['class_names'].asstr()) == [f'class {i}' for i in range(5)]
            assert h5py.check_string_dtype(f['keys'].dtype).encoding == 'utf-8'
            assert f['palette'][()].reshape(-1).tolist() == [i * 37 % 256 for i in range(768)]
            assert f['crc32c'].dtype == np.uint32 and f['crc32c'].shape == (count, 2)
            for key, crc in zip(f['keys'].asstr(), f['crc32c']):
                image, label = f['images'][key], f['labels'][key]
                assert image.dtype == np.uint8 and label.dtype == np.uint8 and image.shape == label.shape + (3,)
                assert image.chunks is None and label.chunks is None
                assert image.attrs['CLASS'] == b'IMAGE' and image.attrs['IMAGE_SUBCLASS'] == b'IMAGE_TRUECOLOR'
                assert label.attrs['IMAGE_SUBCLASS'] == b'IMAGE_INDEXED'
                assert f[label.attrs['PALETTE'][0]].name == '/palette'
                assert [crc32c(image[()].tobytes()), crc32c(label[()].tobytes())] == crc.tolist()
                keys.append(key)
            assert open(f.filename, 'rb').read(9)[8] == 3  # superblock of HDF5 1.10
        print(','.join(keys))
        """, folder.path)
    #expect(output == "s0,s1,s2,s3,s4\n")
  }

  @Test(.enabled(if: Python.hasH5py)) func whatH5pyWritesIsRead() throws {
    let folder = TemporaryFolder()
    let output = try Python.run(
      ShardScript.text + """

        rng = np.random.default_rng(1)
        samples = [('a.b-c_D', rng.integers(0, 65536, (4, 6, 2)).astype('u2'), rng.integers(0, 300, (4, 6)).astype('u2')),
                   ('b', rng.integers(0, 65536, (1, 1, 2)).astype('u2'), rng.integers(0, 300, (1, 1)).astype('u2'))]
        write_shard(sys.argv[1] + '/val-00000-of-00001.h5', samples, split='val', classes=300, channels=2, ignore=-1)
        print(' '.join(str(v) for _, i, l in samples for v in (*i.reshape(-1), *l.reshape(-1))))
        """, folder.path)
    let dataset = try Dataset(folder: folder.path, split: "val")
    #expect(dataset.info.ignoreLabel == -1 && dataset.info.classCount == 300 && dataset.info.ignoreValue == 65_535)
    var values: [UInt16] = []
    for index in 0..<2 {
      let sample = try dataset.read(index)
      guard case .uint16(let pixels) = sample.pixels else { throw Failure(.badData, "not uint16") }
      values += pixels + sample.labels
    }
    #expect(values.map(String.init).joined(separator: " ") + "\n" == output)
    #expect(dataset.key(0) == "a.b-c_D")
  }

  // Golden cases are written by h5py; they lie beside the package where the project is developed.
  @Test(.enabled(if: SharedFolder.golden != nil)) func goldenCasesAreDatasets() throws {
    let golden = try #require(SharedFolder.golden)
    let cases = try FileManager.default.contentsOfDirectory(atPath: golden).filter {
      $0.hasPrefix("fcn") && !$0.hasSuffix(".py")
    }
    #expect(cases.count >= 5)
    for name in cases {
      let folder = golden + "/" + name
      #expect(try Dataset.splits(in: folder) == ["train", "val"])
      for split in ["train", "val"] {
        let dataset = try Dataset(folder: folder, split: split)
        for index in 0..<dataset.sampleCount {
          let sample = try dataset.read(index)
          #expect(sample.key == "s00\(index)" && sample.pixels.count == sample.labels.count * dataset.info.channels)
        }
      }
    }
  }

  @Test func whatCannotBeWrittenIsRefusedAndLeavesNothing() throws {
    let folder = TemporaryFolder()
    let wrong: [(String, (Int) -> RawSample)] = [
      ("is not a key", { _ in edited { $0.key = "a/b" } }), ("is not a key", { _ in edited { $0.key = ".." } }),
      ("comes twice", { _ in edited { $0.key = "same" } }),
      ("row 0, column 2", { index in edited { if index == 1 { $0.labels[2] = 5 } else { $0.key = "other" } } }),
      (
        "image values",
        { index in
          edited {
            $0.key = "k\(index)"; $0.width += index
          }
        }
      ),
    ]
    for (text, sample) in wrong {
      nonisolated(unsafe) let sample = sample
      let failure = #expect(throws: Failure.self) {
        try DatasetWriter(folder: folder.path).write(RandomSamples.info(count: 2)) { sample($0) }
      }
      #expect(failure?.kind == .badData && failure?.message.contains(text) == true, "\(failure as Any)")
      #expect(folder.names.isEmpty)
    }
    try RandomSamples.write(2, to: folder.path)
    let again = #expect(throws: Failure.self) { try RandomSamples.write(2, to: folder.path) }
    #expect(again?.kind == .cannotCreate)
    let blocked = #expect(throws: Failure.self) { try RandomSamples.write(2, to: "/proc/none") }
    #expect(blocked?.kind == .cannotCreate)
  }

  private func edited(_ change: (inout RawSample) -> Void) -> RawSample {
    var sample = RandomSamples.sample(0)
    change(&sample)
    return sample
  }

  @Test func theFirstErrorInOrderIsThrownWhateverTheThreads() throws {
    struct Wrong: Error, Equatable { let index: Int }
    for threads in 1...4 {
      var taken: [Int] = []
      #expect(throws: Wrong(index: 30)) {
        try OrderedWork.run(count: 100, threads: threads) { index in
          if index == 30 { Thread.sleep(forTimeInterval: 0.01) }
          if index >= 30 { throw Wrong(index: index) }
          return index * index
        } take: { index, value in
          #expect(value == index * index)
          taken.append(index)
        }
      }
      #expect(taken == Array(0..<30))
    }
  }
}
