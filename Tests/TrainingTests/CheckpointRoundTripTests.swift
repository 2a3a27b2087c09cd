import Basics
import Checkpoints
import Foundation
import Storage
import TestSupport
import Testing

@Suite struct CheckpointRoundTripTests {
  let folder = TemporaryFolder()

  @Test func everythingComesBack() throws {
    let path = folder.file("a.h5")
    let state = CheckpointFixture.state()
    try CheckpointWriter.write(state, to: path)
    #expect(folder.names == ["a.h5"])
    let reader = try CheckpointReader(path)
    try reader.verify()
    let read = reader.state
    #expect(reader.toolVersion == "0.1.0")
    #expect(read.model == state.model)
    #expect(read.training == state.training)
    #expect(read.optimizerName == "sgd")
    #expect(read.configurationText == state.configurationText)
    #expect(read.history == state.history)
    #expect(read.provenance == state.provenance)
    #expect(read.parameters.map(\.name) == ["conv1_1/bias", "conv1_1/weight", "fc6/weight", "upscore8/weight"])
    for (tensors, originals) in [
      (read.parameters, state.parameters), (read.optimizerState[0].tensors, state.optimizerState[0].tensors),
    ] {
      for original in originals {
        let tensor = try #require(tensors.first { $0.name == original.name })
        #expect(tensor.shape == original.shape)
        #expect(try tensor.values() == original.values())
      }
    }
    #expect(read.optimizerState.map(\.name) == ["momentum"])
  }

  /// As a dataset has it in which every label is a class.
  @Test func aTrainingWithoutIgnoreLabelIsKept() throws {
    let path = folder.file("a.h5")
    var state = CheckpointFixture.state()
    state.model.ignoreLabel = -1
    try CheckpointWriter.write(state, to: path)
    #expect(try CheckpointReader(path).state.model.ignoreLabel == -1)
  }

  @Test func everyBitOfAValueIsKept() throws {
    let path = folder.file("bits.h5")
    let patterns: [UInt32] = [0x7FC0_0001, 0xFFC1_2345, 0x7F80_0001, 0x8000_0000, 1, 0x7F80_0000, 0xFF7F_FFFF]
    var state = CheckpointFixture.state()
    state.parameters = [
      CheckpointTensor(name: "conv1_1/bias", shape: [7], values: patterns.map { Float(bitPattern: $0) })
    ]
    state.optimizerState = []
    try CheckpointWriter.write(state, to: path)
    let values = try CheckpointReader(path).state.parameters[0].values()
    #expect(values.map(\.bitPattern) == patterns)
    #expect(try CheckpointReader(path).state.digest() == state.digest())
  }

  @Test func sourcesFillBorrowAndComeInPieces() throws {
    struct Halves: TensorSource {
      func forEachPiece(_ body: (UnsafeBufferPointer<Float>) throws -> Void) throws {
        try [Float(1), 2].withUnsafeBufferPointer(body)
        try [Float(3), 4].withUnsafeBufferPointer(body)
      }
    }
    let expected: [Float] = [1, 2, 3, 4]
    let tensors = [
      CheckpointTensor(name: "a/weight", shape: [2, 2], values: expected),
      CheckpointTensor(name: "a/weight", shape: [2, 2], fill: { _ = $0.update(fromContentsOf: expected) }),
      CheckpointTensor(
        name: "a/weight", shape: [2, 2], borrow: { body in try expected.withUnsafeBufferPointer { try body($0) } }),
      CheckpointTensor(name: "a/weight", shape: [2, 2], source: Halves()),
    ]
    var digests: Set<String> = []
    for tensor in tensors {
      var seen: [Float] = []
      try tensor.withValues { seen += Array($0) }
      #expect(seen == expected)
      #expect(try tensor.values() == expected)
      var state = CheckpointFixture.state()
      state.parameters = [tensor]
      digests.insert(try state.digest())
    }
    #expect(digests.count == 1)
    let short = CheckpointTensor(name: "a/weight", shape: [5], source: Halves())
    #expect(throws: Failure.self) { try short.values() }
    #expect(throws: Failure.self) { try short.withValues { _ in } }
    let long = CheckpointTensor(name: "a/weight", shape: [3], source: Halves())
    #expect(throws: Failure.self) { try long.values() }
  }

  @Test func aLargeTensorIsReadInPieces() throws {
    let path = folder.file("large.h5")
    var state = CheckpointFixture.state()
    let shape = [700, 64, 7, 7]
    let values = (0..<700 * 64 * 49).map { Float($0) }
    state.parameters = [CheckpointTensor(name: "fc6/weight", shape: shape, values: values)]
    state.optimizerState = []
    try CheckpointWriter.write(state, to: path)
    let tensor = try CheckpointReader(path).state.parameters[0]
    var pieces = 0
    var isEqual = true
    var offset = 0
    try tensor.source.forEachPiece { piece in
      isEqual = isEqual && piece.elementsEqual(values[offset..<offset + piece.count])
      offset += piece.count
      pieces += 1
    }
    #expect(isEqual && offset == values.count && pieces == 2)
    #expect(try tensor.values() == values)
  }

  @Test func writingTwiceMakesTheSameBytes() throws {
    try CheckpointWriter.write(CheckpointFixture.state(), to: folder.file("a.h5"))
    try CheckpointWriter.write(CheckpointFixture.state(), to: folder.file("b.h5"))
    #expect(try readBytes(folder.file("a.h5")) == readBytes(folder.file("b.h5")))
  }

  @Test func optionalFactsMayBeMissing() throws {
    var state = CheckpointFixture.state()
    state.training.bestMetric = nil
    state.training.bestStep = nil
    state.training.scheduleState = [:]
    state.history = [:]
    state.provenance = [:]
    state.optimizerState = []
    state.configurationText = ""
    let path = folder.file("a.h5")
    try CheckpointWriter.write(state, to: path)
    let reader = try CheckpointReader(path)
    #expect(reader.toolVersion == "unknown")
    #expect(reader.state.training == state.training)
    #expect(reader.state.history.isEmpty && reader.state.configurationText.isEmpty)
  }
}
