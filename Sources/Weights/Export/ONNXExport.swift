import Basics
import Checkpoints
import Detection
import Kernels
import Model

/// A network as an ONNX model (IR version 10, opset 21): `image` float32 [N, channels, height, width] in, `logits` float32
/// [N, classes, height, width] or `labels` int64 [N, height, width] out, for any N, height and width; of a classifier
/// [N, classes] and [N]. Of Mask R-CNN it is the backbone with its feature pyramid, for heights and widths that are
/// multiples of 32: out come `p2` … `p6`, float32 [N, fpn_channels, height / 4 … 64, width / 4 … 64], rounded up.
package struct ONNXExport {
  /// What the graph takes and gives.
  package struct Options: Sendable {
    /// The graph takes pixels as they are stored; else it takes them less mean, divided by std.
    package var normalises: Bool
    /// The class of every pixel (the first of equals) instead of the logits.
    package var givesLabels: Bool

    package init(normalises: Bool, givesLabels: Bool) {
      self.normalises = normalises
      self.givesLabels = givesLabels
    }
  }

  private let graph: Graph
  /// What is exported of it.
  private let steps: [Graph.Step]
  private let outputs: [Output]
  private let configuration: ModelConfiguration
  private let options: Options
  private var nodes = ProtobufBytes()
  /// Small constants by name.
  private var constants: [(name: String, shape: [Int], values: Constant)] = []
  /// What each value of the graph is called now.
  private var names: [Int: String] = [:]

  private enum Constant {
    case floats([Float])
    case integers([Int])
  }

  private enum Extent {
    case always(Int)
    /// Of any size; equal names are equal sizes.
    case named(String)
  }

  private struct Output {
    let name: String
    /// Of the graph.
    let value: Int
    let shape: [Extent]
    /// int64 instead of float32.
    var isInteger = false
  }

  /// - Parameters:
  ///   - tensors: the parameters of `configuration`.
  ///   - mean: per channel, as std.
  /// - Returns: the parameters that are in the file.
  /// - Throws: `Failure`: `.badData` where a parameter is missing, `.cannotCreate` where `path` is taken.
  @discardableResult
  package static func write(
    _ tensors: [CheckpointTensor], of configuration: ModelConfiguration, mean: [Float], std: [Float],
    classNames: [String], options: Options, to path: String
  ) throws -> [CheckpointTensor] {
    guard configuration.architecture.task != .instances || !options.givesLabels else {
      throw Failure(
        .usage, "an ONNX file of a \(configuration.architecture.rawValue) has the feature maps of its backbone",
        remedy: "leave --labels out")
    }
    var export = ONNXExport(configuration, options)
    export.build(mean: mean, std: std)
    let parameters = try export.parameters(tensors)
    try export.write(parameters, classNames: classNames, to: path)
    return parameters
  }

  private init(_ configuration: ModelConfiguration, _ options: Options) {
    self.configuration = configuration
    self.options = options
    graph = GraphBuilder.graph(for: configuration)
    let classes = Extent.always(configuration.classes)
    let batch = [Extent.named("batch")]
    let map = [Extent.named("height"), .named("width")]
    switch configuration.architecture.task {
    case .semantic:
      steps = graph.steps
      outputs = [
        options.givesLabels
          ? Output(name: "labels", value: graph.logits, shape: batch + map, isInteger: true)
          : Output(name: "logits", value: graph.logits, shape: batch + [classes] + map)
      ]
    case .classification:
      steps = graph.steps
      outputs = [
        // One score a class, for images of any size.
        options.givesLabels
          ? Output(name: "labels", value: graph.logits, shape: batch, isInteger: true)
          : Output(name: "logits", value: graph.logits, shape: batch + [classes])
      ]
    case .instances:
      let levels = graph.pyramidLevels
      let end = graph.steps.lastIndex { levels.contains($0.destination) } ?? graph.steps.endIndex - 1
      steps = Array(graph.steps[...end])
      outputs = levels.enumerated().map { place, value in
        let name = "p\(place + 2)"
        return Output(
          name: name, value: value,
          shape: batch + [
            .always(configuration.detection.pyramidChannels), .named("\(name)_height"), .named("\(name)_width"),
          ])
      }
    }
  }

  /// The layers of the exported steps, in the graph's order.
  private var layers: [Layer] {
    let used = Set(steps.compactMap(\.operation.layer))
    return graph.layers.indices.filter(used.contains).map { graph.layers[$0] }
  }

  private func parameters(_ tensors: [CheckpointTensor]) throws -> [CheckpointTensor] {
    let found = Dictionary(tensors.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    return try layers.flatMap { layer in
      func tensor(_ name: String, _ shape: [Int]) throws -> CheckpointTensor {
        guard let tensor = found[name], tensor.shape == shape else {
          throw Failure(.badData, "the file has no \(name) of shape \(shape)")
        }
        return tensor
      }
      let weight = try tensor("\(layer.name)/weight", layer.weightShape)
      if let normalization = layer.normalization {
        let vectors = try normalization.vectors.map { vector in
          try tensor("\(normalization.name)/\(vector.name)", [layer.weightShape[0]])
        }
        return weight.folded(vectors, epsilon: normalization.epsilon, layer: layer.name)
      }
      return try [weight] + (layer.biasShape.map { [try tensor("\(layer.name)/bias", $0)] } ?? [])
    }
  }

  // MARK: The graph

  private mutating func build(mean: [Float], std: [Float]) {
    var image = "image"
    if options.normalises {
      constants.append(("mean", [1, mean.count, 1, 1], .floats(mean)))
      constants.append(("std", [1, std.count, 1, 1], .floats(std)))
      node("Sub", ["image", "mean"], "centred")
      node("Div", ["centred", "std"], "normalised")
      image = "normalised"
    }
    if graph.imagePadding > 0 {
      let border = graph.imagePadding
      constants.append(("border", [8], .integers([0, 0, border, border, 0, 0, border, border])))
      node("Pad", [image, "border"], "padded")
      image = "padded"
    }
    names[0] = image
    if configuration.architecture.task != .instances {
      constants.append(("rows_and_columns", [2], .integers([2, 3])))
    }
    for (number, step) in steps.enumerated() { add(step, number) }
    for output in outputs {
      let value = names[output.value] ?? ""
      if output.isInteger {
        node("ArgMax", [value], output.name, [("axis", 1), ("keepdims", 0)])
      } else {
        node("Identity", [value], output.name)
      }
    }
  }

  private mutating func add(_ step: Graph.Step, _ number: Int) {
    let source = names[step.source] ?? ""
    switch step.operation {
    case .dropout: names[step.destination] = source
    case .maxPool(.two):
      node(
        "MaxPool", [source], "pool_\(number)", [("ceil_mode", 1)], [("kernel_shape", [2, 2]), ("strides", [2, 2])])
      names[step.destination] = "pool_\(number)"
    case .maxPool(.three):
      node(
        "MaxPool", [source], "pool_\(number)", [],
        [("kernel_shape", [3, 3]), ("strides", [2, 2]), ("pads", [1, 1, 1, 1])])
      names[step.destination] = "pool_\(number)"
    case .scale(let factor):
      constants.append(("scale_\(number)", [1], .floats([factor])))
      node("Mul", [source, "scale_\(number)"], "scaled_\(number)")
      names[step.destination] = "scaled_\(number)"
    case .convolution(let index): addConvolution(graph.layers[index], source, step)
    case .deconvolution(let index, let offset, let size):
      let layer = graph.layers[index]
      guard case .deconvolution(_, let kernel, let stride) = layer.kind else { return }
      node(
        "ConvTranspose", [source, "\(layer.name).weight"], "\(layer.name)_whole", [],
        [("kernel_shape", [kernel, kernel]), ("strides", [stride, stride])])
      switch size {
      case .full: names[step.destination] = "\(layer.name)_whole"
      case .ofValue(let value): addCrop("\(layer.name)_whole", offset, to: names[value] ?? "", layer.name, step)
      case .ofImage: addCrop("\(layer.name)_whole", offset, to: "image", layer.name, step)
      }
    case .addCropped(let offset):
      let sum = names[step.destination] ?? ""
      addCrop(source, offset, to: sum, "crop_\(number)", step)
      node("Add", [sum, names[step.destination] ?? ""], "sum_\(number)")
      names[step.destination] = "sum_\(number)"
    case .residual(let identity):
      node("Add", [source, names[identity] ?? ""], "block_\(number)_sum")
      node("Relu", ["block_\(number)_sum"], "block_\(number)")
      names[step.destination] = "block_\(number)"
    case .globalAveragePool:
      node("ReduceMean", [source, "rows_and_columns"], "mean_\(number)", [("keepdims", 0)])
      names[step.destination] = "mean_\(number)"
    case .upsample:
      constants.append(("double_\(number)", [4], .floats([1, 1, 2, 2])))
      node(
        "Resize", [source, "", "double_\(number)"], "upsampled_\(number)",
        texts: [("mode", "nearest"), ("coordinate_transformation_mode", "asymmetric"), ("nearest_mode", "floor")])
      names[step.destination] = "upsampled_\(number)"
    case .subsample:
      node("MaxPool", [source], "subsampled_\(number)", [], [("kernel_shape", [1, 1]), ("strides", [2, 2])])
      names[step.destination] = "subsampled_\(number)"
    case .pixelShuffle, .roiAlign: preconditionFailure("not a part of the backbone")
    }
  }

  private mutating func addConvolution(_ layer: Layer, _ source: String, _ step: Graph.Step) {
    guard case .convolution(let convolution) = layer.kind else { return }
    let padding = convolution.padding
    node(
      "Conv", [source, "\(layer.name).weight", "\(layer.name).bias"], layer.name, [],
      [
        ("kernel_shape", [convolution.kernel, convolution.kernel]), ("pads", [padding, padding, padding, padding]),
        ("strides", [convolution.stride, convolution.stride]),
      ])
    var result = layer.name
    if convolution.accumulating {
      node("Add", [names[step.destination] ?? "", result], "\(layer.name)_sum")
      result = "\(layer.name)_sum"
    }
    if convolution.rectified {
      node("Relu", [result], "\(layer.name)_relu")
      result = "\(layer.name)_relu"
    }
    names[step.destination] = result
  }

  /// Rows and columns `offset` ..< `offset` + those of `model`.
  private mutating func addCrop(_ source: String, _ offset: Int, to model: String, _ name: String, _ step: Graph.Step) {
    constants.append(("\(name)_offset", [2], .integers([offset, offset])))
    node("Shape", [model], "\(name)_size", [("start", 2), ("end", 4)])
    node("Add", ["\(name)_size", "\(name)_offset"], "\(name)_end")
    node("Slice", [source, "\(name)_offset", "\(name)_end", "rows_and_columns"], "\(name)_cropped")
    names[step.destination] = "\(name)_cropped"
  }

  /// NodeProto: 1 input, 2 output, 3 name, 4 op_type, 5 attribute. AttributeProto: 1 name, 3 i, 4 s, 8 ints, 20 type.
  private mutating func node(
    _ type: String, _ inputs: [String], _ output: String, _ integers: [(String, Int)] = [],
    _ lists: [(String, [Int])] = [], texts: [(String, String)] = []
  ) {
    nodes.message(1) { node in
      for input in inputs { node.text(1, input) }
      node.text(2, output)
      node.text(3, output)
      node.text(4, type)
      for (name, value) in integers {
        node.message(5) { attribute in
          attribute.text(1, name)
          attribute.integer(3, value)
          attribute.integer(20, 2)
        }
      }
      for (name, values) in lists {
        node.message(5) { attribute in
          attribute.text(1, name)
          for value in values { attribute.integer(8, value) }
          attribute.integer(20, 7)
        }
      }
      for (name, value) in texts {
        node.message(5) { attribute in
          attribute.text(1, name)
          attribute.text(4, value)
          attribute.integer(20, 3)
        }
      }
    }
  }

  // MARK: The file

  /// The parameters' values are not copied into the message: their place in it is computed.
  private func write(_ parameters: [CheckpointTensor], classNames: [String], to path: String) throws {
    var graphHead = nodes
    graphHead.text(2, configuration.architecture.rawValue)
    for constant in constants { graphHead.message(5) { Self.describe(constant, in: &$0) } }
    let heads = parameters.map { tensor -> [UInt8] in
      var description = ProtobufBytes()
      for extent in tensor.shape { description.integer(1, extent) }
      description.integer(2, 1)
      description.text(8, tensor.name.split(separator: "/").joined(separator: "."))
      let raw = ProtobufBytes.head(9, count: 4 * tensor.count)
      return ProtobufBytes.head(5, count: description.bytes.count + raw.count + 4 * tensor.count) + description.bytes
        + raw
    }
    var graphTail = ProtobufBytes()
    graphTail.message(11) {
      let channels = Extent.always(configuration.channels)
      Self.describe("image", 1, [.named("batch"), channels, .named("height"), .named("width")], in: &$0)
    }
    for output in outputs {
      graphTail.message(12) { Self.describe(output.name, output.isInteger ? 7 : 1, output.shape, in: &$0) }
    }
    let values = zip(heads, parameters).reduce(0) { $0 + $1.0.count + 4 * $1.1.count }
    var model = ProtobufBytes()
    model.integer(1, 10)
    model.text(2, "fcn-dist")
    model.text(3, ToolVersion.text)
    model.message(8) { $0.integer(2, 21) }
    model.message(14) { entry in
      entry.text(1, "class_names")
      entry.text(2, classNames.joined(separator: "\n"))
    }
    let size = graphHead.bytes.count + values + graphTail.bytes.count
    guard size < 1 << 31 - 1 << 20 else {
      throw Failure(.badData, "an ONNX file holds less than 2 GiB; this model takes \(size) bytes")
    }
    try WeightFileWriter.write(path) { file in
      try file.append(model.bytes + ProtobufBytes.head(7, count: size) + graphHead.bytes)
      for (head, tensor) in zip(heads, parameters) {
        try file.append(head)
        try tensor.withValues { try file.append($0) }
      }
      try file.append(graphTail.bytes)
    }
  }

  /// TensorProto: 1 dims, 2 data_type, 4 float_data, 7 int64_data, 8 name.
  private static func describe(
    _ constant: (name: String, shape: [Int], values: Constant), in tensor: inout ProtobufBytes
  ) {
    for extent in constant.shape { tensor.integer(1, extent) }
    switch constant.values {
    case .floats(let values):
      tensor.integer(2, 1)
      for value in values { tensor.float(4, value) }
    case .integers(let values):
      tensor.integer(2, 7)
      for value in values { tensor.integer(7, value) }
    }
    tensor.text(8, constant.name)
  }

  /// ValueInfoProto: 1 name, 2 type; TypeProto: 1 tensor_type: 1 elem_type, 2 shape: 1 dim: 1 dim_value, 2 dim_param.
  private static func describe(_ name: String, _ type: Int, _ shape: [Extent], in value: inout ProtobufBytes) {
    value.text(1, name)
    value.message(2) { info in
      info.message(1) { tensor in
        tensor.integer(1, type)
        tensor.message(2) { list in
          for extent in shape {
            list.message(1) { dimension in
              switch extent {
              case .always(let size): dimension.integer(1, size)
              case .named(let axis): dimension.text(2, axis)
              }
            }
          }
        }
      }
    }
  }
}
