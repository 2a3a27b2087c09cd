import Basics
import Regions
import TestSupport
import Testing

@Suite struct RegionModelTests {
  private let folder = TemporaryFolder()

  private static func model() -> RegionModel {
    let image = Scene.noisy(width: 60, height: 48)
    let segments = Superpixels.segments(of: image, .init(count: 12))
    let rows = RegionDescriptors.rows(of: segments, in: image)
    let regions = (0..<segments.count).map { number in
      LabelledRegion(
        label: UInt16(number % 2), image: 3, number: number,
        descriptor: Array(rows[number * RegionDescriptors.count..<(number + 1) * RegionDescriptors.count]))
    }
    var settings = RegionSettings()
    settings.superpixels.count = 12
    return RegionModel(settings: settings, classNames: ["heaven", "Straße"], regions: regions)
  }

  @Test func aFileKeepsTheModel() throws {
    let model = Self.model()
    try model.write(to: folder.file("model.h5"))
    #expect(try RegionModel(path: folder.file("model.h5")) == model)
    #expect(folder.names == ["model.h5"])
  }

  @Test(.enabled(if: Python.hasH5py, "python3 with h5py is not installed")) func h5pyReadsIt() throws {
    let model = Self.model()
    try model.write(to: folder.file("model.h5"))
    try Python.run(
      """
      import h5py, numpy, sys
      f = h5py.File(sys.argv[1], "r")
      assert f.attrs["format"] == "fcn-dist-regions" and f.attrs["version"] == 1
      assert f.attrs["superpixels.count"] == 12 and f.attrs["nearest.count"] == 9
      assert list(f["class_names"].asstr()[:]) == ["heaven", "Straße"]
      n = int(sys.argv[2])
      assert f["labels"].dtype == numpy.uint16 and f["labels"][:].tolist() == [i % 2 for i in range(n)]
      d = f["descriptors"]
      assert d.dtype == numpy.float32 and d.shape == (n, 53), d.shape
      assert [d.attrs[k] for k in ("colour", "texture", "position")] == [24, 24, 5]
      # Roots of histograms: each histogram's squares add up to one.
      for part in ((0, 8), (8, 16), (16, 24), (24, 32), (32, 38), (38, 48)):
        assert abs((d[:, part[0]:part[1]] ** 2).sum(axis=1) - 1).max() < 1e-4, part
      """, folder.file("model.h5"), "\(model.labels.count)")
  }

  @Test func theNearestOfARegionIsItself() {
    let model = Self.model()
    var settings = model.settings
    settings.neighbours = 1
    let nearest = NearestRegions(model, settings: settings)
    for region in model.labels.indices {
      let start = region * RegionDescriptors.count
      #expect(nearest.label(of: model.descriptors[start..<start + RegionDescriptors.count]) == model.labels[region])
    }
  }

  @Test func whatIsKeptDoesNotDependOnTheOrder() {
    let regions = (0..<40).map {
      LabelledRegion(
        label: UInt16($0 % 2), image: $0 / 4, number: $0 % 4,
        descriptor: [Float](repeating: Float($0), count: RegionDescriptors.count))
    }
    let kept = LabelledRegion.chosen(from: regions, perClass: 5)
    #expect(kept.count == 10 && kept.count { $0.label == 0 } == 5)
    #expect(LabelledRegion.chosen(from: regions.reversed(), perClass: 5) == kept)
    // In parts first, as ranks do it.
    let parts = [0, 1, 2].flatMap { rank in
      LabelledRegion.chosen(from: regions.filter { $0.image % 3 == rank }, perClass: 5)
    }
    #expect(LabelledRegion.chosen(from: parts, perClass: 5) == kept)
    #expect(LabelledRegion.decoded(LabelledRegion.encoded(kept)) == kept)
  }
}
