import Basics
import Checkpoints
import Storage

/// Parameters in an HDF5 file that another tool wrote, brought to the names and shapes of docs/formats.md section 1.
///
/// It knows the paper's layer names in any group (`…/conv1_1/weight`, Caffe's `conv1_1/0` and `conv1_1/1`) and
/// torchvision's names of VGG16 (`features.0.weight`, also as groups), whose fully connected layers become convolutions
/// (Shelhamer et al., section 3.1).
struct ForeignParameters {
  private(set) var tensors: [CheckpointTensor] = []
  /// Datasets that are no parameter of an FCN, by name.
  private(set) var unknown: [String] = []

  init(path: String) throws {
    let file = try HDF5File.open(path)
    defer { try? file.close() }
    var datasets: [(name: String, dataset: HDF5Dataset)] = []
    try Self.collect(file.root, prefix: "", depth: 0, into: &datasets)
    for (name, dataset) in datasets {
      guard let target = Self.target(of: name) else {
        unknown.append(name)
        continue
      }
      let shape = try Self.shape(of: target, stored: dataset.shape, name: "\(path): /\(name)")
      tensors.append(CheckpointTensor(name: target, shape: shape, values: try dataset.read(as: Float.self)))
    }
    guard !tensors.isEmpty else {
      throw Failure(
        .badData, "\(path) holds no parameter of an FCN or a VGG16 under a name that is known",
        remedy: "name datasets <layer>/weight and <layer>/bias, with the layers of docs/formats.md")
    }
    tensors.sort { $0.name < $1.name }
    for (first, second) in zip(tensors, tensors.dropFirst()) where first.name == second.name {
      throw Failure(.badData, "\(path) holds \(first.name) twice under different names")
    }
  }

  private static func collect(
    _ group: HDF5Group, prefix: String, depth: Int, into found: inout [(name: String, dataset: HDF5Dataset)]
  ) throws {
    guard depth < 16 else { throw Failure(.badData, "\(group.name) is nested too deeply") }
    for child in try group.childNames() {
      let name = prefix.isEmpty ? child : "\(prefix)/\(child)"
      if group.isGroup(child) {
        try collect(try group.group(child), prefix: name, depth: depth + 1, into: &found)
      } else {
        found.append((name, try group.dataset(child)))
      }
    }
  }

  /// The parameter that a dataset's path means; nil for none.
  static func target(of path: String) -> String? {
    let parts = path.split { $0 == "/" || $0 == "." }.map(String.init)
    guard parts.count >= 2, let kind = kinds[parts[parts.count - 1]] else { return nil }
    let layer = parts[parts.count - 2]
    if layers.contains(layer) { return "\(layer)/\(kind)" }
    guard parts.count >= 3, let number = Int(layer) else { return nil }
    let table =
      parts[parts.count - 3] == "features" ? features : parts[parts.count - 3] == "classifier" ? classifier : [:]
    return table[number].map { "\($0)/\(kind)" }
  }

  private static let kinds = ["weight": "weight", "bias": "bias", "0": "weight", "1": "bias"]
  /// torchvision.models.vgg16, by the index of the module.
  private static let features = [
    0: "conv1_1", 2: "conv1_2", 5: "conv2_1", 7: "conv2_2", 10: "conv3_1", 12: "conv3_2", 14: "conv3_3",
    17: "conv4_1", 19: "conv4_2", 21: "conv4_3", 24: "conv5_1", 26: "conv5_2", 28: "conv5_3",
  ]
  private static let classifier = [0: "fc6", 3: "fc7"]
  private static let layers = Set(features.values).union([
    "fc6", "fc7", "score_fr", "score_pool4", "score_pool3", "upscore32", "upscore2", "upscore16", "upscore_pool4",
    "upscore8",
  ])

  /// A fully connected layer's matrix is a convolution over the whole map that it was made for: 7x7 for fc6, else 1x1.
  private static func shape(of target: String, stored: [Int], name: String) throws -> [Int] {
    let isWeight = target.hasSuffix("/weight")
    if stored.count == (isWeight ? 4 : 1) { return stored }
    if isWeight, stored.count == 2 {
      let kernel = target == "fc6/weight" ? 7 : 1
      if stored[1] % (kernel * kernel) == 0 { return [stored[0], stored[1] / (kernel * kernel), kernel, kernel] }
    }
    throw Failure(.badData, "\(name) has shape \(stored), which does not fit \(target)")
  }
}
