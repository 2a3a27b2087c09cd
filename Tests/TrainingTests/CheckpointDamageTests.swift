import Basics
import Checkpoints
import Foundation
import Storage
import TestSupport
import Testing

@Suite struct CheckpointDamageTests {
  let folder = TemporaryFolder()

  /// 300 of them in every test run; FCN_DIST_BIT_FLIPS=10000 asks for more.
  @Test func everyFlippedBitIsFoundOrHarmless() throws {
    let count = ProcessInfo.processInfo.environment["FCN_DIST_BIT_FLIPS"].flatMap(Int.init) ?? 300
    let path = folder.file("a.h5")
    try CheckpointWriter.write(CheckpointFixture.state(step: 50, width: 6), to: path)
    let study = try BitFlipStudy(of: path, scratch: folder.file("flipped.h5"), count: count, seed: 5)
    #expect(study.silent == [])
    #expect(study.found + study.harmless == count)
    #expect(study.found > count * 99 / 100)
  }

  /// Without the seal that covers all bytes, the format's own checksums and `crc32c` are left.
  @Test func flippedValuesAreFoundWithoutTheSealToo() throws {
    let path = folder.file("a.h5")
    try CheckpointWriter.write(CheckpointFixture.state(step: 50), to: path)
    let bytes = try readBytes(path).dropLast(52)
    let bias = try HDF5File.open(path).root.dataset("model/parameters/conv1_1/bias")
    let places = [try #require(bias.fileOffset) + 5, bytes.count / 2, bytes.count / 3]
    for place in places {
      var damaged = bytes
      damaged[place] ^= 4
      let damagedPath = folder.file("damaged.h5")
      try writeBytes(damaged, to: damagedPath)
      let failure = #expect(throws: Failure.self) { try CheckpointReader(damagedPath).verify() }
      #expect(failure?.kind == .badData)
      #expect(failure?.message.contains("damaged.h5: /") == true, "\(failure?.message ?? "")")
    }
  }

  @Test func everyTruncationIsFound() throws {
    let path = folder.file("a.h5")
    try CheckpointWriter.write(CheckpointFixture.state(step: 50), to: path)
    let bytes = try readBytes(path)
    let cut = folder.file("cut.h5")
    for length in stride(from: 0, to: bytes.count - 52, by: bytes.count / 61) {
      try writeBytes(bytes.prefix(length), to: cut)
      #expect(throws: Failure.self, "cut to \(length)") { try CheckpointReader(cut).verify() }
    }
  }

  @Test func otherVersionsAndFormatsAreRefused() throws {
    let path = folder.file("future.h5")
    let file = try HDF5File.create(path)
    try file.root.setAttribute("format", "fcn-dist-checkpoint")
    try file.root.setAttribute("version", Int64(2))
    try file.close()
    let failure = #expect(throws: Failure.self) { try CheckpointReader(path) }
    #expect(failure?.kind == .badData && failure?.message.contains("is a checkpoint of version 2") == true)
  }

  @Test func impossibleCountsAreRefused() throws {
    let path = folder.file("a.h5")
    var state = CheckpointFixture.state(step: 50)
    state.model.ignoreLabel = -2
    // The writer reads back what it wrote, so that nothing unreadable is ever committed.
    let failure = #expect(throws: Failure.self) { try CheckpointWriter.write(state, to: path) }
    #expect(failure?.message.contains("ignore_label is -2") == true, "\(failure?.message ?? "")")
    #expect(folder.names == [])
  }
}
