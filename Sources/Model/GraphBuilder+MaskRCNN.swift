import Detection
import Kernels

/// Mask R-CNN's outputs, in the order of `Graph.outputs`.
package enum MaskRCNNOutput {
  /// Logits of an object at each anchor of a level: [images, rows, columns, ratios].
  package static func objectness(level: Int) -> Int { level }
  /// Offsets of each anchor's box: [images, rows, columns, 4 ratios].
  package static func offsets(level: Int) -> Int { DetectionSettings.levelCount + level }
  /// Logits of the classes of each region: [regions, 1, 1, classes].
  package static let classes = 2 * DetectionSettings.levelCount
  /// Offsets of each region's box for every class: [regions, 1, 1, 4 classes].
  package static let boxes = classes + 1
  /// Logits of each region's mask for every class: [regions, 28, 28, classes].
  package static let masks = classes + 2
}

extension GraphBuilder {
  private var detection: DetectionSettings { configuration.detection }

  /// Feature pyramid, region proposal network, box head and mask head (docs/formats.md section 9).
  ///
  /// - Returns: the outputs, as `MaskRCNNOutput` numbers them.
  mutating func addMaskRCNN(_ sources: [PyramidSource]) -> [Int] {
    let levels = addPyramid(sources)
    let coarsest = add(.subsample, levels[3])
    let proposals = addProposalNetwork(levels + [coarsest])
    return proposals + addBoxHead(levels) + [addMaskHead(levels)]
  }

  /// From the coarsest map down: each level is its own map, brought to one width, and the coarser level, twice as large
  /// (Lin et al. 2017).
  private mutating func addPyramid(_ sources: [PyramidSource]) -> [Int] {
    let width = detection.pyramidChannels
    var inner = 0
    var inners: [Int] = []
    for level in sources.indices.reversed() {
      let sum = level == 3 ? nil : add(.upsample(toValue: sources[level].value), inner)
      inner = addPlain(
        "fpn_inner\(level + 2)", sources[level].value, from: sources[level].channels, to: width, start: .lecunNormal,
        onto: sum)
      inners.insert(inner, at: 0)
    }
    return inners.indices.map { level in
      let layer = addLayer(
        "fpn_layer\(level + 2)", .convolution(plain(from: width, to: width, kernel: 3)), start: .lecunNormal)
      return add(.convolution(layer: layer), inners[level])
    }
  }

  /// One small network that looks at all levels.
  private mutating func addProposalNetwork(_ levels: [Int]) -> [Int] {
    let width = detection.pyramidChannels
    let ratios = detection.aspectRatios.count
    var convolution = plain(from: width, to: width, kernel: 3)
    convolution.rectified = true
    let start = Layer.Start.normal(deviation: 0.01)
    let shared = addLayer("rpn_conv", .convolution(convolution), start: start)
    let objectness = addLayer(
      "rpn_cls_logits", .convolution(plain(from: width, to: ratios)), start: start)
    let offsets = addLayer("rpn_bbox_pred", .convolution(plain(from: width, to: 4 * ratios)), start: start)
    let features = levels.map { add(.convolution(layer: shared), $0) }
    return features.map { add(.convolution(layer: objectness), $0) }
      + features.map { add(.convolution(layer: offsets), $0) }
  }

  private mutating func addBoxHead(_ levels: [Int]) -> [Int] {
    let width = detection.pyramidChannels
    let regions = add(.roiAlign(head: .box, levels: levels, size: 7), levels[0])
    let features = detection.boxFeatures
    let fc6 = addDense("box_fc6", regions, from: width, to: features, kernel: 7, start: .heNormal)
    let fc7 = addDense("box_fc7", fc6, from: features, to: features, start: .heNormal)
    return [
      addDense("cls_score", fc7, from: features, to: configuration.classes, start: .normal(deviation: 0.01)),
      addDense("bbox_pred", fc7, from: features, to: 4 * configuration.classes, start: .normal(deviation: 0.001)),
    ]
  }

  private mutating func addMaskHead(_ levels: [Int]) -> Int {
    let width = detection.maskChannels
    var value = add(.roiAlign(head: .mask, levels: levels, size: DetectionSettings.maskSize / 2), levels[0])
    for number in 1...detection.maskLayers {
      value = addConvolution(
        "mask_fcn\(number)", value, from: number == 1 ? detection.pyramidChannels : width, to: width, kernel: 3,
        padding: 1)
    }
    let layer = addLayer("mask_deconv", .doubling(channels: width), start: .heNormal)
    value = add(.pixelShuffle(layer: layer), add(.convolution(layer: layer), value))
    return addPlain("mask_logits", value, from: width, to: configuration.classes, start: .normal(deviation: 0.001))
  }

  /// A layer of one value for each region, rectified where it starts He-normal.
  private mutating func addDense(
    _ name: String, _ source: Int, from inputs: Int, to outputs: Int, kernel: Int = 1, start: Layer.Start
  ) -> Int {
    let convolution = Convolution(
      inputChannels: inputs, outputChannels: outputs, kernel: kernel, padding: 0, rectified: start == .heNormal)
    return add(.convolution(layer: addLayer(name, .dense(convolution), start: start)), source)
  }

  private func plain(from inputs: Int, to outputs: Int, kernel: Int = 1) -> Convolution {
    Convolution(
      inputChannels: inputs, outputChannels: outputs, kernel: kernel, padding: kernel / 2, rectified: false)
  }

  private mutating func addPlain(
    _ name: String, _ source: Int, from inputs: Int, to outputs: Int, start: Layer.Start, onto sum: Int? = nil
  ) -> Int {
    var convolution = plain(from: inputs, to: outputs)
    convolution.accumulating = sum != nil
    return add(.convolution(layer: addLayer(name, .convolution(convolution), start: start)), source, onto: sum)
  }
}
