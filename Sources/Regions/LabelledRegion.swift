import Basics

/// A region of a training image with its label.
package struct LabelledRegion: Equatable, Sendable {
  package let label: UInt16
  /// Index of its image in the split, and its number there.
  package let image: Int
  package let number: Int
  /// `RegionDescriptors.count` numbers.
  package let descriptor: [Float]

  package init(label: UInt16, image: Int, number: Int, descriptor: [Float]) {
    (self.label, self.image, self.number, self.descriptor) = (label, image, number, descriptor)
  }

  /// Decides which regions of a class are kept: chance, but of the region alone.
  private var priority: UInt64 { Philox.mixed(Philox.mixed(UInt64(image)) ^ UInt64(number)) }

  /// At most `count` of each class, in the order of images and numbers.
  package static func chosen(from regions: [LabelledRegion], perClass count: Int) -> [LabelledRegion] {
    var kept: [LabelledRegion] = []
    for (_, own) in Dictionary(grouping: regions, by: \.label) {
      let ranked = own.sorted { ($0.priority, $0.image, $0.number) < ($1.priority, $1.image, $1.number) }
      kept += ranked.prefix(count)
    }
    return kept.sorted { ($0.image, $0.number) < ($1.image, $1.number) }
  }

  /// For other ranks.
  package static func encoded(_ regions: [LabelledRegion]) -> [UInt8] {
    var bytes: [UInt8] = []
    for region in regions {
      for value in [UInt64(region.label), UInt64(region.image), UInt64(region.number)] {
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
      }
      region.descriptor.withUnsafeBytes { bytes.append(contentsOf: $0) }
    }
    return bytes
  }

  /// What `encoded` made.
  package static func decoded(_ bytes: [UInt8]) -> [LabelledRegion] {
    let length = 24 + 4 * RegionDescriptors.count
    return bytes.withUnsafeBytes { bytes in
      stride(from: 0, to: bytes.count - length + 1, by: length).map { start in
        func word(_ place: Int) -> UInt64 {
          UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: start + 8 * place, as: UInt64.self))
        }
        return LabelledRegion(
          label: UInt16(word(0)), image: Int(word(1)), number: Int(word(2)),
          descriptor: (0..<RegionDescriptors.count).map {
            bytes.loadUnaligned(fromByteOffset: start + 24 + 4 * $0, as: Float.self)
          })
      }
    }
  }
}
