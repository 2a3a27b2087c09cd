/// What torchvision calls the layers of Mask R-CNN and of ResNet-50, in the names of docs/formats.md, section 9.
enum DetectorNames {
  typealias Target = LayerNames.Target

  /// Parts of names before the net itself: of DistributedDataParallel, of other programs' wrappers.
  private static let wrappers = ["module.", "model."]

  private static let heads = [
    "rpn.head.conv.0.0": "rpn_conv", "rpn.head.cls_logits": "rpn_cls_logits", "rpn.head.bbox_pred": "rpn_bbox_pred",
    "roi_heads.box_head.fc6": "box_fc6", "roi_heads.box_head.fc7": "box_fc7",
    "roi_heads.box_predictor.cls_score": "cls_score", "roi_heads.box_predictor.bbox_pred": "bbox_pred",
    "roi_heads.mask_predictor.conv5_mask": "mask_deconv", "roi_heads.mask_predictor.mask_fcn_logits": "mask_logits",
    // As torchvision wrote it before version 0.13.
    "rpn.head.conv": "rpn_conv",
  ]

  /// As fcn-dist itself calls them: its exports.
  private static let own = Set(
    heads.values + (2...5).flatMap { ["fpn_inner\($0)", "fpn_layer\($0)"] } + (1...16).map { "mask_fcn\($0)" }
      + LayerNames.convolutions)

  /// Convolutions of the backbone and their normalisations, by the convolution's name.
  private static let residual: [String: String] = {
    var layers = ["conv1": "bn1"]
    for (stage, count) in [3, 4, 6, 3].enumerated() {
      for block in 0..<count {
        let name = "layer\(stage + 1).\(block)"
        for number in 1...3 { layers["\(name).conv\(number)"] = "\(name).bn\(number)" }
        if block == 0 { layers["\(name).downsample.0"] = "\(name).downsample.1" }
      }
    }
    return layers
  }()

  private static let normalizations = Set(residual.values)

  /// The normalisation that a convolution of ResNet-50 ends in.
  static func normalization(of layer: String) -> String? { residual[layer] }
  static func isNormalization(_ layer: String) -> Bool { normalizations.contains(layer) }

  /// Whether a file has the parameters of a detector, or of a ResNet with bottlenecks.
  static func areIn(_ file: WeightFile) -> Bool {
    file.tensors.contains { tensor in
      let name = unwrapped(tensor.name)
      return name.hasPrefix("backbone.body.")
        || ["layer1.0.conv3", "rpn_cls_logits"].contains { name == "\($0).weight" || name == "\($0)/weight" }
    }
  }

  private static func unwrapped(_ name: String) -> Substring {
    var rest = name[...]
    while let wrapper = wrappers.first(where: { rest.hasPrefix($0) }) { rest = rest.dropFirst(wrapper.count) }
    return rest
  }

  /// The parameter that a tensor's name means; nil for none.
  static func target(of name: String) -> Target? {
    let name = unwrapped(name)
    guard let end = name.lastIndex(where: { $0 == "." || $0 == "/" }),
      let part = Target.Part(rawValue: String(name[name.index(after: end)...])), let layer = layer(String(name[..<end]))
    else { return nil }
    // Only normalisations have four vectors.
    if part != .weight && part != .bias && !isNormalization(layer) { return nil }
    return Target(layer: layer, part: part)
  }

  private static func layer(_ name: String) -> String? {
    if let head = heads[name] { return head }
    let body = name.hasPrefix("backbone.body.") ? String(name.dropFirst("backbone.body.".count)) : name
    if residual[body] != nil || isNormalization(body) { return body }
    if body != name, let module = Int(body) { return LayerNames.features[module] }
    if let number = number(name, after: "backbone.fpn.inner_blocks.") { return "fpn_inner\(number + 2)" }
    if let number = number(name, after: "backbone.fpn.layer_blocks.") { return "fpn_layer\(number + 2)" }
    if let number = number(name, after: "roi_heads.mask_head.") { return "mask_fcn\(number + 1)" }
    if name.hasPrefix("roi_heads.mask_head.mask_fcn"), own.contains(String(name.dropFirst(20))) {
      return String(name.dropFirst(20))
    }
    return own.contains(name) ? name : nil
  }

  /// The number of a block, which torchvision wrote without the module in it before version 0.13.
  private static func number(_ name: String, after prefix: String) -> Int? {
    guard name.hasPrefix(prefix) else { return nil }
    let rest = name.dropFirst(prefix.count)
    // Far more than any net has: larger numbers say nothing.
    return Int(rest.hasSuffix(".0") ? rest.dropLast(2) : rest).flatMap { (0..<16).contains($0) ? $0 : nil }
  }

  /// The height and width of a layer's kernel; nil for a layer that is not of these.
  static func kernel(of layer: String) -> Int? {
    if residual[layer] != nil { return layer == "conv1" ? 7 : layer.hasSuffix(".conv2") ? 3 : 1 }
    if layer.hasPrefix("fpn_inner") { return 1 }
    if layer.hasPrefix("fpn_layer") || layer.hasPrefix("mask_fcn") { return 3 }
    return switch layer {
    case "rpn_conv": 3
    case "box_fc6": 7
    case "mask_deconv": 2
    case "rpn_cls_logits", "rpn_bbox_pred", "box_fc7", "cls_score", "bbox_pred", "mask_logits": 1
    default: nil
    }
  }

  /// Why a tensor without a place is left out.
  static func reason(_ name: String) -> String {
    let name = unwrapped(name)
    if name.hasSuffix(".num_batches_tracked") { return "counts batches; frozen normalisations do not" }
    if name.hasPrefix("fc.") { return "ImageNet's classes, which no detector has" }
    return "no layer of Mask R-CNN is called so"
  }
}
