import Basics
import Kernels
import Model
import Testing

@Suite struct ParameterTableTests {
  private func table(_ configuration: ModelConfiguration, _ precision: Precision = .float32) throws -> ParameterTable {
    try Network(
      configuration, backend: PortableBackend(precision: precision, threads: 1), reference: (1, 64, 64)
    ).parameters
  }

  /// The published FCN-8s on PASCAL VOC: VGG16's 14,714,688 of the convolutions, 102,764,544 + 16,781,312 of fc6 and
  /// fc7, 86,037 + 10,773 + 5,397 of the scores, 7,056 + 7,056 + 112,896 of the upsampling.
  @Test func countsThePublishedNets() throws {
    let fcn8s = try table(ModelConfiguration(classes: 21))
    #expect(fcn8s.canonicalCount == 134_489_759)
    #expect(fcn8s["fc6/weight"]?.canonicalShape == [4096, 512, 7, 7])
    #expect(fcn8s["conv1_1/weight"]?.canonicalShape == [64, 3, 3, 3])
    #expect(fcn8s["score_pool3/weight"]?.canonicalShape == [21, 256, 1, 1])
    #expect(fcn8s["upscore8/weight"]?.canonicalShape == [21, 21, 16, 16])
    #expect(fcn8s["upscore8/bias"] == nil)
    let fcn32s = try table(ModelConfiguration(architecture: .fcn32s, classes: 21))
    #expect(fcn32s.canonicalCount == 14_714_688 + 102_764_544 + 16_781_312 + 86_037 + 21 * 21 * 64 * 64)
  }

  @Test(arguments: [
    (
      Architecture.fcn32s, ["score_fr/weight", "score_fr/bias", "upscore32/weight"]
    ),
    (
      .fcn16s,
      [
        "score_fr/weight", "score_fr/bias", "upscore2/weight", "score_pool4/weight", "score_pool4/bias",
        "upscore16/weight",
      ]
    ),
    (
      .fcn8s,
      [
        "score_fr/weight", "score_fr/bias", "upscore2/weight", "score_pool4/weight", "score_pool4/bias",
        "upscore_pool4/weight", "score_pool3/weight", "score_pool3/bias", "upscore8/weight",
      ]
    ),
  ])
  func namesAreThePapersInForwardOrder(_ architecture: Architecture, _ head: [String]) throws {
    let names = try table(.tiny(architecture)).parameters.map(\.name)
    let backbone = [
      "conv1_1", "conv1_2", "conv2_1", "conv2_2", "conv3_1", "conv3_2", "conv3_3", "conv4_1", "conv4_2", "conv4_3",
      "conv5_1", "conv5_2", "conv5_3", "fc6", "fc7",
    ]
    #expect(names == backbone.flatMap { ["\($0)/weight", "\($0)/bias"] } + head)
  }

  @Test(arguments: [Precision.float32, .bfloat16]) func rangesLieApartAndAligned(_ precision: Precision) throws {
    let table = try table(.tiny(), precision)
    var floats = 0
    var bytes = 0
    for parameter in table.parameters {
      #expect(parameter.range.lowerBound >= floats && parameter.range.lowerBound % 16 == 0)
      #expect(parameter.range.count >= parameter.canonicalCount)
      #expect(parameter.preparedRange.lowerBound >= bytes && parameter.preparedRange.lowerBound % 64 == 0)
      #expect(parameter.preparedRange.count == parameter.layout?.preparedByteCount ?? 0)
      floats = parameter.range.upperBound
      bytes = parameter.preparedRange.upperBound
    }
    #expect(table.floatCount >= floats && table.floatCount % 16 == 0)
    #expect(table.preparedByteCount >= bytes)
  }

  @Test func onlyAFixedUpsamplingIsNotUpdated() throws {
    for parameter in try table(.tiny(upsampling: .learned)).parameters { #expect(parameter.isUpdated) }
    for parameter in try table(.tiny(upsampling: .fixed)).parameters {
      #expect(parameter.isUpdated == !parameter.layer.hasPrefix("upscore"))
    }
  }

  @Test func fingerprintsTellTablesApart() throws {
    let tables = try [
      table(.tiny()), table(.tiny(.fcn16s)), table(.tiny(upsampling: .fixed)), table(.tiny(), .bfloat16),
    ]
    #expect(Set(tables.map(\.fingerprint)).count == tables.count)
    #expect(try table(.tiny()).fingerprint == tables[0].fingerprint)
  }

  @Test func aWrongNumberOfValuesIsRefused() throws {
    let table = try table(.tiny())
    let region = try MemoryRegion(byteCount: table.floatCount * 4)
    #expect(throws: Failure(.badData, "conv1_1/bias has 4 values, expected 3")) {
      try table["conv1_1/bias"]?.importCanonical([1, 2, 3, 4], into: region.floats())
    }
  }
}
