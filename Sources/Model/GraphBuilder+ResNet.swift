import Kernels

extension GraphBuilder {
  /// ResNet-50 (He et al. 2016) as torchvision has it: the stride of a stage is its first 3 x 3 convolution's, and every
  /// convolution ends in a frozen batch normalisation. Layers are called as torchvision calls them behind
  /// `backbone.body.`.
  ///
  /// - Returns: the maps of the four stages.
  mutating func addResNet() -> [PyramidSource] {
    let widths = configuration.widths
    var value = addNormalized(
      "conv1", "bn1", 0, from: configuration.channels, to: widths[0], kernel: 7, stride: 2, rectified: true)
    value = add(.maxPool(.three), value)
    var channels = widths[0]
    var maps: [PyramidSource] = []
    for (stage, count) in [3, 4, 6, 3].enumerated() {
      let width = widths[stage + 1]
      for block in 0..<count {
        value = addBottleneck(
          "layer\(stage + 1).\(block)", value, from: channels, width: width,
          stride: stage > 0 && block == 0 ? 2 : 1, projects: block == 0)
        channels = Backbone.expansion * width
      }
      maps.append(PyramidSource(value: value, channels: channels))
    }
    return maps
  }

  private mutating func addBottleneck(
    _ name: String, _ source: Int, from inputs: Int, width: Int, stride: Int, projects: Bool
  ) -> Int {
    let outputs = Backbone.expansion * width
    var value = addNormalized("\(name).conv1", "\(name).bn1", source, from: inputs, to: width, rectified: true)
    value = addNormalized(
      "\(name).conv2", "\(name).bn2", value, from: width, to: width, kernel: 3, stride: stride, rectified: true)
    // Every block adds to the sum: with small parts, sixteen of them do not grow beyond bounds before training.
    value = addNormalized("\(name).conv3", "\(name).bn3", value, from: width, to: outputs, startingWeight: 0.25)
    let identity =
      projects
      ? addNormalized(
        "\(name).downsample.0", "\(name).downsample.1", source, from: inputs, to: outputs, stride: stride) : source
    return add(.residual(identity: identity), value, onto: value)
  }

  private mutating func addNormalized(
    _ name: String, _ normalization: String, _ source: Int, from inputs: Int, to outputs: Int, kernel: Int = 1,
    stride: Int = 1, rectified: Bool = false, startingWeight: Float = 1
  ) -> Int {
    let convolution = Convolution(
      inputChannels: inputs, outputChannels: outputs, kernel: kernel, padding: kernel / 2, stride: stride,
      rectified: rectified, biasIsFixed: true)
    let layer = addLayer(
      name, .convolution(convolution), start: .heNormal,
      normalization: Layer.FrozenNormalization(
        name: normalization, epsilon: configuration.batchNormEpsilon, startingWeight: startingWeight))
    return add(.convolution(layer: layer), source)
  }
}
