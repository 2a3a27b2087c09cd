import Regions
import Testing

@Suite struct MergingTests {
  @Test func patchesBecomeRegionsUnderNoise() {
    let image = Scene.noisy(width: 120, height: 90)
    let superpixels = Superpixels.segments(of: image, .init(count: 100))
    let regions = RegionMerging.regions(of: superpixels, in: image, .init(scale: 12))
    #expect(regions.count == 4)
    #expect(Scene.partCount(regions) == regions.count)
    // Every superpixel lies in one region.
    var homes = [Set<Int32>](repeating: [], count: superpixels.count)
    for (superpixel, region) in zip(superpixels.labels, regions.labels) { homes[Int(superpixel)].insert(region) }
    #expect(homes.allSatisfy { $0.count == 1 })
  }

  @Test func scaleGoesFromNothingToEverything() {
    let image = Scene.noisy(width: 120, height: 90)
    let superpixels = Superpixels.segments(of: image, .init(count: 100))
    #expect(RegionMerging.regions(of: superpixels, in: image, .init(scale: 0)) == superpixels)
    #expect(RegionMerging.regions(of: superpixels, in: image, .init(scale: 1e6)).count == 1)
  }

  @Test func majoritiesAreTheLabelsOfMostPixels() {
    let segments = Segments(partsOf: [0, 0, 0, 1, 1, 1, 2, 2], width: 8, height: 1)
    let majorities = segments.majorities(of: [1, 1, 2, 9, 2, 0, 9, 9], classCount: 3, ignored: 9)
    #expect(majorities.map { $0?.label } == [1, 0, nil])
    #expect(majorities.map { $0?.pixels } == [2, 1, nil])
  }
}
