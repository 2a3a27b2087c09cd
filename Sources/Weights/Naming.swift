import Basics

/// Which parameter each tensor of a file is.
struct Naming {
  private(set) var targets: [(tensor: SourceTensor, target: LayerNames.Target)] = []
  private(set) var leftOut: [WeightImport.Row] = []
  /// What most of the tensors are named after.
  private(set) var family = LayerNames.Family.paper

  /// - Parameter map: parameters by the names in the file.
  init(_ file: WeightFile, map: [String: String]) throws {
    for name in map.keys.sorted() where !file.tensors.contains(where: { $0.name == name }) {
      throw Failure(.badData, "--map names '\(name)', and \(file.path) has no such tensor")
    }
    try Self.refuseBatchNormalisation(file)
    let isDetector = DetectorNames.areIn(file)
    func known(_ name: String) -> (target: LayerNames.Target, family: LayerNames.Family)? {
      isDetector ? DetectorNames.target(of: name).map { ($0, .torchvision) } : LayerNames.target(of: name)
    }
    var families: [LayerNames.Family] = []
    var unknown: [SourceTensor] = []
    let mapped = Set(map.values)
    for tensor in file.tensors {
      if let name = map[tensor.name] {
        guard let target = LayerNames.target(of: name)?.target ?? DetectorNames.target(of: name), target.name == name
        else {
          throw Failure(.badData, "--map gives '\(tensor.name)' the name '\(name)', which is no parameter of an FCN")
        }
        targets.append((tensor, target))
      } else if let known = known(tensor.name) {
        guard !mapped.contains(known.target.name) else { continue }
        targets.append((tensor, known.target))
        families.append(known.family)
      } else {
        unknown.append(tensor)
      }
    }
    if let first = families.first(where: { $0 != .paper }) ?? families.first { family = first }
    if !targets.contains(where: { $0.target.layer.hasPrefix("conv") }), let ordered = Self.byOrder(file) {
      family = file.format == .keras ? .keras : .order
      if ordered.contains(where: { $0.tensor.name.contains("block1_conv1") }) { family = .keras }
      targets += ordered
      unknown.removeAll { tensor in ordered.contains { $0.tensor.name == tensor.name } }
    }
    for tensor in unknown {
      leave(tensor, isDetector ? DetectorNames.reason(tensor.name) : "no layer of VGG16 or an FCN is called so")
    }
  }

  mutating func leave(_ tensor: SourceTensor, _ reason: String) {
    leftOut.append(WeightImport.Row(source: tensor.name, shape: tensor.shape, target: nil, note: reason))
  }

  /// vgg16_bn counts its modules otherwise: its second convolution is features.3.
  private static func refuseBatchNormalisation(_ file: WeightFile) throws {
    guard file.tensors.contains(where: { $0.name.hasSuffix("features.1.running_mean") }) else { return }
    throw Failure(
      .badData, "\(file.path) is a VGG with batch normalisation, which these networks do not have",
      remedy: "take the weights of the one without: torchvision.models.vgg16")
  }

  /// The 13 convolutions in the order of the graph, where there is one, or of Keras' automatic names: 3x3 kernels, each
  /// with the outputs of the one before as inputs.
  private static func byOrder(_ file: WeightFile) -> [(tensor: SourceTensor, target: LayerNames.Target)]? {
    let tensors = Dictionary(file.tensors.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    var pairs: [(weight: SourceTensor, bias: SourceTensor?)] = file.convolutions.compactMap { names in
      tensors[names.weight].map { ($0, names.bias.flatMap { tensors[$0] }) }
    }
    if pairs.isEmpty {
      let numbered = file.tensors.compactMap { tensor in
        LayerNames.automaticNumber(in: tensor.name).map { (number: $0, tensor: tensor) }
      }
      let weights = numbered.filter { $0.tensor.shape.count == 4 }.sorted { $0.number < $1.number }
      pairs = weights.map { weight in
        (weight.tensor, numbered.first { $0.number == weight.number && $0.tensor.shape.count == 1 }?.tensor)
      }
    }
    let names = LayerNames.convolutions
    guard pairs.count >= names.count else { return nil }
    var result: [(tensor: SourceTensor, target: LayerNames.Target)] = []
    var channels: Int?
    for (pair, layer) in zip(pairs, names) {
      let shape = pair.weight.shape
      guard shape.count == 4 else { return nil }
      let (outputs, inputs) = pair.weight.axes == .outputsFirst ? (shape[0], shape[1]) : (shape[3], shape[2])
      let kernel = pair.weight.axes == .outputsFirst ? Array(shape[2...]) : Array(shape[..<2])
      guard kernel == [3, 3], channels == nil || channels == inputs else { return nil }
      channels = outputs
      result.append((pair.weight, LayerNames.Target(layer: layer, isBias: false)))
      if let bias = pair.bias { result.append((bias, LayerNames.Target(layer: layer, isBias: true))) }
    }
    return result
  }
}
