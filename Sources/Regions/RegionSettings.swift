import Basics

/// Everything that a baseline of labelled regions depends on.
package struct RegionSettings: Equatable, Sendable {
  package var superpixels = SuperpixelSettings()
  package var merge = MergeSettings()
  /// Share of its pixels that must have one label where a region is learnt from.
  package var purity = 0.5
  /// The most regions of a class that are kept.
  package var regionsPerClass = 2000
  /// Nearest regions that vote.
  package var neighbours = 9
  /// Weights of squared distances.
  package var colour = 1.0
  package var texture = 0.5
  package var position = 4.0

  package init() {}

  /// A setting by its name.
  package struct Key: Sendable {
    package let name: String
    package let range: ClosedRange<Double>
    package let isWhole: Bool
    /// Whether a model's own holds, because its regions were made with it.
    package let isFixedByModel: Bool
    package let get: @Sendable (RegionSettings) -> Double
    package let set: @Sendable (inout RegionSettings, Double) -> Void
  }

  /// All of them, as options and files name them.
  package static let keys: [Key] = [
    Key(
      name: "superpixels.count", range: 1...100_000, isWhole: true, isFixedByModel: true,
      get: { Double($0.superpixels.count) }, set: { $0.superpixels.count = Int($1) }),
    Key(
      name: "superpixels.compactness", range: 0...1000, isWhole: false, isFixedByModel: true,
      get: { $0.superpixels.compactness }, set: { $0.superpixels.compactness = $1 }),
    Key(
      name: "superpixels.iterations", range: 1...1000, isWhole: true, isFixedByModel: true,
      get: { Double($0.superpixels.iterations) }, set: { $0.superpixels.iterations = Int($1) }),
    Key(
      name: "merge.scale", range: 0...1e6, isWhole: false, isFixedByModel: true,
      get: { $0.merge.scale }, set: { $0.merge.scale = $1 }),
    Key(
      name: "merge.texture", range: 0...1000, isWhole: false, isFixedByModel: true,
      get: { $0.merge.texture }, set: { $0.merge.texture = $1 }),
    Key(
      name: "merge.smallest", range: 0...1000, isWhole: false, isFixedByModel: true,
      get: { $0.merge.smallest }, set: { $0.merge.smallest = $1 }),
    Key(
      name: "fit.purity", range: 0...1, isWhole: false, isFixedByModel: true,
      get: { $0.purity }, set: { $0.purity = $1 }),
    Key(
      name: "fit.regions_per_class", range: 1...1_000_000, isWhole: true, isFixedByModel: true,
      get: { Double($0.regionsPerClass) }, set: { $0.regionsPerClass = Int($1) }),
    Key(
      name: "nearest.count", range: 1...1000, isWhole: true, isFixedByModel: false,
      get: { Double($0.neighbours) }, set: { $0.neighbours = Int($1) }),
    Key(
      name: "nearest.colour", range: 0...1000, isWhole: false, isFixedByModel: false,
      get: { $0.colour }, set: { $0.colour = $1 }),
    Key(
      name: "nearest.texture", range: 0...1000, isWhole: false, isFixedByModel: false,
      get: { $0.texture }, set: { $0.texture = $1 }),
    Key(
      name: "nearest.position", range: 0...1000, isWhole: false, isFixedByModel: false,
      get: { $0.position }, set: { $0.position = $1 }),
  ]

  /// Superpixels of an image, and the regions that they are merged into.
  package func regions(of image: LabImage) -> (superpixels: Segments, regions: Segments) {
    let superpixels = Superpixels.segments(of: image, superpixels)
    return (superpixels, RegionMerging.regions(of: superpixels, in: image, merge))
  }
}
