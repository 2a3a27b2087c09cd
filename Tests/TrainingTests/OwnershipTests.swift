import Exchange
import Testing

@Suite struct OwnershipTests {
  private static let chunk = ChunkedRange.chunkLength

  @Test(arguments: [(1, 1), (1, 5), (7, 2), (40, 3), (2_050, 2), (2_050, 8), (2_050, 128), (2_050, 1_024), (3, 8)])
  func everyElementHasOneOwner(chunks: Int, owners: Int) {
    let count = chunks * Self.chunk - 17
    for bucket in [1, 900, 3 * Self.chunk, 8_388_608, 1 << 40] {
      let ownership = Ownership(count: count, owners: owners, bucketLength: bucket)
      let slices = (0..<owners).flatMap { ownership.slices(of: $0) }.sorted { $0.lowerBound < $1.lowerBound }
      #expect(slices.first?.lowerBound == 0 && slices.last?.upperBound == count)
      #expect(zip(slices, slices.dropFirst()).allSatisfy { $0.upperBound == $1.lowerBound })
      for owner in 0..<owners {
        let own = ownership.chunks(of: owner)
        #expect(own == own.sorted() && own.allSatisfy { ownership.owner(ofChunk: $0) == owner })
        let elements = ownership.slices(of: owner).reduce(0) { $0 + $1.count }
        #expect(elements == own.reduce(0) { $0 + ownership.layout.chunk($1).count })
      }
    }
  }

  /// FCN-8s at full width: a backward pass that has completed the last twentieth lets every owner begin, and all own as
  /// much as each other.
  @Test(arguments: [2, 4, 8, 64]) func everybodyCanBeginEarly(owners: Int) {
    let count = 134_348_929
    let ownership = Ownership(count: count, owners: owners, bucketLength: 8_388_608)
    let shares = (0..<owners).map { ownership.slices(of: $0).reduce(0) { $0 + $1.count } }
    for owner in 0..<owners {
      #expect((ownership.slices(of: owner).last?.lowerBound ?? 0) > count - count / 15)
    }
    #expect((shares.max() ?? 0) - (shares.min() ?? 0) <= 2 * Self.chunk)
  }
}
