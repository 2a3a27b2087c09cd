import Basics
import Kernels

/// Builds the graph of a network: VGG16 made convolutional or ResNet-50, and the head of an FCN, which joins coarse and
/// fine scores, of a classifier, which takes their mean, or of Mask R-CNN.
package struct GraphBuilder {
  let configuration: ModelConfiguration
  private var layers: [Layer] = []
  private var steps: [Graph.Step] = []
  private var valueCount = 1

  private init(_ configuration: ModelConfiguration) { self.configuration = configuration }

  /// The graph of a network; a function of its configuration alone.
  package static func graph(for configuration: ModelConfiguration) -> Graph {
    var builder = GraphBuilder(configuration)
    let outputs = builder.addNetwork()
    // conv1_1 pads by 100 in the published nets. The image is padded by 99 instead, and conv1_1 by 1 as all others.
    return Graph(
      layers: builder.layers, steps: builder.steps, valueCount: builder.valueCount,
      imagePadding: builder.isPadded ? 99 : 0, outputs: outputs)
  }

  /// - Returns: the outputs.
  private mutating func addNetwork() -> [Int] {
    if configuration.backbone == .resnet50 { return addMaskRCNN(addResNet()) }
    let backbone = addBackbone()
    let pools = backbone.pools
    return switch configuration.architecture.task {
    case .semantic: [addHead(addClassifier(pools[4]), pools: pools)]
    case .classification: [addClassScores(addClassifier(pools[4]))]
    case .instances: addMaskRCNN(pyramidSources(backbone))
    }
  }

  private var isPadded: Bool { configuration.geometry == .padded100 }

  /// The values that the heads read: conv1_2 … conv5_3, and pool1 … pool5.
  private struct BackboneValues {
    var convolutions: [Int] = []
    var pools: [Int] = []
  }

  /// VGG16's blocks.
  private mutating func addBackbone() -> BackboneValues {
    var value = 0
    var channels = configuration.channels
    var backbone = BackboneValues()
    for (block, count) in [2, 2, 3, 3, 3].enumerated() {
      for index in 1...count {
        value = addConvolution(
          "conv\(block + 1)_\(index)", value, from: channels, to: configuration.widths[block], kernel: 3, padding: 1)
        channels = configuration.widths[block]
      }
      backbone.convolutions.append(value)
      value = add(.maxPool(.two), value)
      backbone.pools.append(value)
    }
    return backbone
  }

  /// conv3_3, conv4_3, conv5_3 and pool5.
  private func pyramidSources(_ backbone: BackboneValues) -> [PyramidSource] {
    let values = backbone.convolutions[2...] + [backbone.pools[4]]
    return zip(values, [2, 3, 4, 4]).map { PyramidSource(value: $0, channels: configuration.widths[$1]) }
  }

  private mutating func addClassifier(_ pool5: Int) -> Int {
    var value = addConvolution(
      "fc6", pool5, from: configuration.widths[4], to: configuration.fc, kernel: 7,
      padding: configuration.geometry == .same ? 3 : 0)
    addDropout(value, ordinal: 0)
    value = addConvolution("fc7", value, from: configuration.fc, to: configuration.fc, kernel: 1, padding: 0)
    addDropout(value, ordinal: 1)
    return value
  }

  private mutating func addClassScores(_ features: Int) -> Int {
    let scores = addScore("score_fr", features, from: configuration.fc)
    return add(.globalAveragePool, scores)
  }

  private mutating func addHead(_ features: Int, pools: [Int]) -> Int {
    var scores = addScore("score_fr", features, from: configuration.fc)
    for skip in configuration.architecture.skips {
      let name = skip == 4 ? "upscore2" : "upscore_pool4"
      let pool = pools[skip - 1]
      scores = addUpsampling(name, scores, stride: 2, offset: isPadded ? 0 : 1, size: isPadded ? .full : .ofValue(pool))
      addSkip(skip, pool, onto: scores)
    }
    let stride = configuration.architecture.finalStride
    let publishedOffset = [32: 19, 16: 27, 8: 31][stride] ?? 0
    return addUpsampling(
      "upscore\(stride)", scores, stride: stride, offset: isPadded ? publishedOffset : stride / 2, size: .ofImage)
  }

  /// Adds the scores of a pooling layer to the upsampled coarser ones.
  private mutating func addSkip(_ skip: Int, _ pool: Int, onto scores: Int) {
    let factor = skip == 4 ? configuration.pool4Scale : configuration.pool3Scale
    let source = factor == 1 ? pool : add(.scale(factor), pool)
    let name = "score_pool\(skip)"
    let channels = configuration.widths[skip - 1]
    guard isPadded else {
      _ = addScore(name, source, from: channels, onto: scores)
      return
    }
    let skipScores = addScore(name, source, from: channels)
    steps.append(Graph.Step(operation: .addCropped(offset: skip == 4 ? 5 : 9), source: skipScores, destination: scores))
  }

  mutating func add(_ operation: Graph.Operation, _ source: Int, onto destination: Int? = nil) -> Int {
    if destination == nil { valueCount += 1 }
    let destination = destination ?? valueCount - 1
    steps.append(Graph.Step(operation: operation, source: source, destination: destination))
    return destination
  }

  private mutating func addDropout(_ value: Int, ordinal: Int) {
    guard configuration.dropout > 0 else { return }
    _ = add(.dropout(ordinal: ordinal), value, onto: value)
  }

  mutating func addConvolution(
    _ name: String, _ source: Int, from inputs: Int, to outputs: Int, kernel: Int, padding: Int
  ) -> Int {
    let convolution = Convolution(
      inputChannels: inputs, outputChannels: outputs, kernel: kernel, padding: padding, rectified: true)
    return add(.convolution(layer: addLayer(name, .convolution(convolution), start: .heNormal)), source)
  }

  /// - Returns: the layer's number.
  mutating func addLayer(
    _ name: String, _ kind: Layer.Kind, start: Layer.Start, normalization: Layer.FrozenNormalization? = nil
  ) -> Int {
    layers.append(Layer(name: name, kind: kind, start: start, isUpdated: true, normalization: normalization))
    return layers.count - 1
  }

  private mutating func addScore(_ name: String, _ source: Int, from inputs: Int, onto sum: Int? = nil) -> Int {
    let convolution = Convolution(
      inputChannels: inputs, outputChannels: configuration.classes, kernel: 1, padding: 0, rectified: false,
      accumulating: sum != nil)
    return add(.convolution(layer: addLayer(name, .convolution(convolution), start: .zero)), source, onto: sum)
  }

  private mutating func addUpsampling(
    _ name: String, _ source: Int, stride: Int, offset: Int, size: Graph.Size
  ) -> Int {
    layers.append(
      Layer(
        name: name,
        kind: .deconvolution(
          channels: configuration.classes, kernel: 2 * stride, stride: stride),
        start: .bilinear, isUpdated: configuration.upsampling == .learned))
    return add(.deconvolution(layer: layers.count - 1, offset: offset, size: size), source)
  }
}
