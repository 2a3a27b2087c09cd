import Basics
import Foundation
import SegmentationData
import TestSupport
import Testing

/// Datasets that are damaged or were never right: each problem is named with file, key, pixel and value.
@Suite struct VerificationTests {
  private func problems(_ folder: TemporaryFolder) throws -> [String] {
    let report = try DatasetVerification.run(folder.path)
    #expect(report.isIntact == report.problems.isEmpty && report.problemCount == report.problems.count)
    #expect(report.problems.allSatisfy { $0.kind == .badData })
    return report.problems.map(\.message)
  }

  @Test func anIntactDatasetHasNoProblems() throws {
    let folder = TemporaryFolder()
    try RandomSamples.write(9, to: folder.path, shards: 2)
    try RandomSamples.write(4, to: folder.path, split: "val")
    var steps: [WorkProgress] = []
    let report = try DatasetVerification.run(folder.path, threads: 3) { steps.append($0) }
    #expect(report.isIntact && report.sampleCount == 13 && report.splits.map(\.split) == ["train", "val"])
    #expect(steps.count == 13 && steps.last == WorkProgress(name: "val", completed: 4, total: 4))
    #expect(try DatasetVerification.run(folder.path, splits: ["val"]).sampleCount == 4)
  }

  @Test func aFlippedByteIsFound() throws {
    let folder = TemporaryFolder()
    try RandomSamples.write(6, to: folder.path)
    let path = folder.file("train-00000-of-00001.h5")
    try Damage.flipByte(ofImage: "s4", in: path)
    let found = try problems(folder)
    #expect(found.count == 1 && found[0].hasPrefix("\(path): image 's4' is damaged: its CRC-32C is "))
  }

  @Test func aTruncatedShardIsFound() throws {
    // The last bytes are the seal of the file, without which the data are still whole.
    for count in [100, 3000, 10_000] {
      let folder = TemporaryFolder()
      try RandomSamples.write(6, to: folder.path)
      let path = folder.file("train-00000-of-00001.h5")
      try Damage.cut(path, by: count)
      let found = try problems(folder)
      #expect(found.count == 1 && found.first?.contains(path) == true, "\(count): \(found)")
    }
  }

  @Test func aMissingShardIsFound() throws {
    let folder = TemporaryFolder()
    try RandomSamples.write(6, to: folder.path, shards: 3)
    try FileManager.default.removeItem(atPath: folder.file("train-00001-of-00003.h5"))
    let found = try problems(folder)
    #expect(found == ["\(folder.path)/train-00001-of-00003.h5 is missing, 2 of 3 shards are there"])
    // A shard of another import among them.
    let other = TemporaryFolder()
    try RandomSamples.write(6, to: other.path, shards: 2)
    try FileManager.default.copyItem(
      atPath: other.file("train-00001-of-00002.h5"), toPath: folder.file("train-00001-of-00002.h5"))
    #expect(try problems(folder).first?.contains("shards of 2 and of 3") == true)
    // A shard under another's name.
    try FileManager.default.removeItem(atPath: folder.file("train-00001-of-00002.h5"))
    try FileManager.default.copyItem(
      atPath: folder.file("train-00000-of-00003.h5"), toPath: folder.file("train-00001-of-00003.h5"))
    #expect(try problems(folder).first?.contains("says that it is shard 0 of 3") == true)
  }

  @Test func foldersWithoutADatasetAreRefused() throws {
    let folder = TemporaryFolder()
    let empty = #expect(throws: Failure.self) { try DatasetVerification.run(folder.path) }
    #expect(empty?.kind == .missingInput)
    let missing = #expect(throws: Failure.self) { try DatasetVerification.run(folder.file("none")) }
    #expect(missing?.kind == .missingInput && missing?.message.contains("none") == true)
    try RandomSamples.write(2, to: folder.path)
    let split = #expect(throws: Failure.self) { try Dataset(folder: folder.path, split: "val") }
    #expect(split?.kind == .missingInput && split?.remedy == "it has: train")
  }

  /// What h5py writes against the contract, and what is said about it.
  static let wrongShards: [(change: String, text: String)] = [
    ("label[2, 1] = 7", "label 'b' has the value 7 at row 2, column 1, where classes are 0 to 2 and 255 is ignored"),
    (
      "image = image.astype('f4'); image[1, 2, 0] = np.nan", "image 'b' has the value nan at row 1, column 2, channel 0"
    ),
    (
      "image = image.astype('f4'); image[3, 4, 2] = -np.inf",
      "image 'b' has the value -inf at row 3, column 4, channel 2"
    ),
    ("label = label[:2]", "label 'b' is [2, 5], its image [4, 5, 3]"),
    ("image = image[..., :2]", "image 'b' is [4, 5, 2], not [height, width, 3]"),
    ("image = image.astype('f8')", "image 'b' holds float64 values"),
    ("label = label.astype('i2')", "label 'b' holds int16 values"),
    ("image = image.astype('>u2')", "image 'b' does not lie in the file in one piece"),
    ("options = dict(chunks=(2, 5, 3))", "image 'a' does not lie in the file in one piece"),
    ("options = dict(compression='gzip')", "image 'a' does not lie in the file in one piece"),
    ("remove = 'images/b'", "key 'b' has no image that can be opened"),
    ("remove = 'labels/b'", "key 'b' has no label that can be opened"),
    ("remove = 'crc32c'", "has no /crc32c"), ("remove = 'palette'", "has no /palette"),
    ("extra = 'images/stray'", "/images/stray is not in /keys"),
    ("keys = ['a', 'a']", "key 'a' is twice in the split"), ("keys = ['a', 'b/c']", "\"b/c\" is not a key"),
    ("keys = ['a']", "states 2 samples, has 1 keys"),
    ("attributes = dict(version=2)", "is of version 2"), ("attributes = dict(format='other')", "not a shard"),
    ("attributes = dict(classes=4)", "classes is 4, and there are 3 class names"),
    ("attributes = dict(split='val')", "says that it is shard 0 of 1 of split 'val'"),
    ("attributes = dict(channels=-5)", "channels -5"), ("attributes = dict(ignore_label=70000)", "ignore_label 70000"),
    ("attributes = dict(samples='two')", "samples is not one integer"),
  ]

  // Needs python3 with h5py as the independent side.
  @Test(.enabled(if: Python.hasH5py)) func shardsAgainstTheContractAreNamed() throws {
    let folder = TemporaryFolder()
    let changes = Self.wrongShards.map(\.change).joined(separator: "\n")
    try Python.run(
      ShardScript.text + """

        import os
        for index, change in enumerate(sys.argv[2].split('\\n')):
            d = f'{sys.argv[1]}/{index}'
            os.mkdir(d)
            rng = np.random.default_rng(index)
            image = rng.integers(0, 256, (4, 5, 3)).astype('u1')
            label = rng.integers(0, 3, (4, 5)).astype('u1')
            first = ('a', image.copy(), label.copy())
            scope = dict(np=np, image=image, label=label, options={}, remove=None, extra=None, keys=None, attributes={})
            exec(change, scope)
            path = d + '/train-00000-of-00001.h5'
            write_shard(path, [first, ('b', scope['image'], scope['label'])], **scope['options'])
            with h5py.File(path, 'r+') as f:
                if scope['remove']: del f[scope['remove']]
                if scope['extra']: f[scope['extra']] = image
                if scope['keys']:
                    del f['keys']
                    f.create_dataset('keys', data=scope['keys'], dtype=h5py.string_dtype('utf-8'))
                f.attrs.update(scope['attributes'])
        """, folder.path, changes)
    for (index, test) in Self.wrongShards.enumerated() {
      let report = try DatasetVerification.run(folder.file("\(index)"))
      #expect(report.problems.count == 1, "\(test.change): \(report.problems)")
      let message = report.problems.first?.message ?? ""
      #expect(message.contains(test.text), "\(test.change): \(message)")
      #expect(message.contains(folder.file("\(index)/train-00000-of-00001.h5")), "\(message)")
    }
  }

  @Test func anyFlippedByteIsFoundOrChangesNothing() throws {
    let folder = TemporaryFolder()
    let dataset = try RandomSamples.write(4, to: folder.path)
    let intact = try (0..<4).map { try dataset.read($0) }
    let path = folder.file("train-00000-of-00001.h5")
    let bytes = try FileBytes.read(path)
    var random = Philox(seed: 8, purpose: .test, stream: 5)
    var foundCount = 0
    for _ in 0..<400 {
      var changed = bytes
      let place = Int(random.next(below: UInt32(bytes.count)))
      changed[place] ^= UInt8(1 << random.next(below: 8))
      try Data(changed).write(to: URL(fileURLWithPath: path))
      if try !DatasetVerification.run(folder.path).isIntact {
        foundCount += 1
        continue
      }
      // Bytes that nothing uses: what is read has to be what was written.
      let again = try Dataset(folder: folder.path, split: "train")
      let isSame =
        try again.info == dataset.info
        && intact.indices.allSatisfy { index in
          let read = try again.read(index)
          let sample = intact[index]
          return read.key == sample.key && read.pixels == sample.pixels && read.labels == sample.labels
        }
      #expect(isSame, "byte \(place)")
    }
    #expect(foundCount > 100)
  }

  /// Several bytes at once.
  @Test func manyChangedBytesNeverCrash() throws {
    let folder = TemporaryFolder()
    try RandomSamples.write(4, to: folder.path, kind: .uint16)
    let path = folder.file("train-00000-of-00001.h5")
    let bytes = try FileBytes.read(path)
    var random = Philox(seed: 8, purpose: .test, stream: 6)
    var foundCount = 0
    for _ in 0..<400 {
      var changed = bytes
      for _ in 0...random.next(below: 8) {
        changed[Int(random.next(below: UInt32(bytes.count)))] = UInt8(random.next(below: 256))
      }
      try Data(changed).write(to: URL(fileURLWithPath: path))
      if try !DatasetVerification.run(folder.path).isIntact { foundCount += 1 }
    }
    #expect(foundCount > 200)
  }
}
