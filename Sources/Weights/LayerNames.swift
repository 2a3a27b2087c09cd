/// What other tools call the layers of VGG16 and of the FCNs on it, in the names of docs/formats.md, section 1.
enum LayerNames {
  /// The families of names; which one a file uses says how its images were prepared.
  enum Family: Sendable {
    /// The papers' own (conv1_1, fc6, score_fr): Caffe, pytorch-fcn, fcn-dist.
    case paper
    /// torchvision.models.vgg16: features.0, classifier.0.
    case torchvision
    /// keras.applications.VGG16: block1_conv1, fc1, predictions.
    case keras
    /// Names that say nothing: the order of the convolutions counts.
    case order
  }

  struct Target: Hashable, Sendable {
    /// The raw values are the names in files.
    enum Part: String { case weight, bias, runningMean = "running_mean", runningVariance = "running_var" }

    let layer: String
    let part: Part
    var name: String { "\(layer)/\(part.rawValue)" }
    /// One number for each output.
    var isVector: Bool { part != .weight || DetectorNames.isNormalization(layer) }

    init(layer: String, part: Part) {
      self.layer = layer
      self.part = part
    }

    init(layer: String, isBias: Bool) { self.init(layer: layer, part: isBias ? .bias : .weight) }
  }

  static let convolutions = [(64, 2), (128, 2), (256, 3), (512, 3), (512, 3)].enumerated().flatMap { block, part in
    (1...part.1).map { "conv\(block + 1)_\($0)" }
  }

  private static let layers = Set(
    convolutions + [
      "fc6", "fc7", "score_fr", "score_pool4", "score_pool3", "upscore32", "upscore2", "upscore16", "upscore_pool4",
      "upscore8",
    ])
  /// Modules of torchvision's vgg16 that have weights, by their index.
  static let features = Dictionary(
    uniqueKeysWithValues: zip([0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28], convolutions))
  private static let classifier = [0: "fc6", 3: "fc7", 6: "score_fr"]
  private static let keras = Dictionary(
    uniqueKeysWithValues: convolutions.map { name in
      ("block\(name.dropFirst(4).prefix(1))_conv\(name.suffix(1))", name)
    } + [("fc1", "fc6"), ("fc2", "fc7"), ("predictions", "score_fr")])
  /// What the papers' authors also wrote.
  private static let paper = ["upscore": "upscore32", "fc8": "score_fr", "score": "score_fr"]

  /// The height and width of a layer's kernel.
  static func kernel(of layer: String) -> Int {
    if let kernel = DetectorNames.kernel(of: layer) { return kernel }
    return switch layer {
    case "fc6": 7
    case "fc7", "score_fr", "score_pool4", "score_pool3": 1
    case "upscore2", "upscore_pool4": 4
    case "upscore8": 16
    case "upscore16": 32
    case "upscore32": 64
    default: 3
    }
  }

  /// The parameter that a tensor's name means; nil for none.
  static func target(of name: String) -> (target: Target, family: Family)? {
    var parts = name.split { $0 == "/" || $0 == "." }.map { String($0).replacingOccurrence(of: "-", with: "_") }
    guard let last = parts.popLast() else { return nil }
    let kind = last.hasSuffix(":0") ? String(last.dropLast(2)) : last
    let isBias: Bool
    switch kind {
    case "weight", "kernel": isBias = false
    case "bias": isBias = true
    case "0", "1":
      isBias = kind == "1"
      // Keras 3: <layer>/vars/0.
      if parts.last == "vars" { parts.removeLast() }
    default:
      // Keras 1: <layer>_W_1.
      guard kind.hasSuffix("_W_1") || kind.hasSuffix("_b_1") else { return nil }
      isBias = kind.hasSuffix("_b_1")
    }
    // Keras writes the layer's name twice, or the model's before it.
    for (depth, layer) in parts.reversed().prefix(2).enumerated() {
      if layers.contains(layer) { return (Target(layer: layer, isBias: isBias), .paper) }
      if let known = paper[layer] { return (Target(layer: known, isBias: isBias), .paper) }
      if let known = keras[layer] { return (Target(layer: known, isBias: isBias), .keras) }
      if depth == 0, let number = Int(layer), parts.count >= 2 {
        let module = parts[parts.count - 2]
        let table = module == "features" ? features : module == "classifier" ? classifier : [:]
        return table[number].map { (Target(layer: $0, isBias: isBias), .torchvision) }
      }
    }
    return nil
  }

  /// The number behind an automatic name of Keras: conv2d is 0, conv2d_7 is 7; nil for other names.
  static func automaticNumber(in name: String) -> Int? {
    for part in name.split(separator: "/") where part.hasPrefix("conv2d") {
      let rest = part.dropFirst("conv2d".count)
      if rest.isEmpty { return 0 }
      if rest.first == "_", let number = Int(rest.dropFirst()) { return number }
    }
    return nil
  }
}

extension String {
  fileprivate func replacingOccurrence(of character: Character, with other: Character) -> String {
    String(map { $0 == character ? other : $0 })
  }
}
