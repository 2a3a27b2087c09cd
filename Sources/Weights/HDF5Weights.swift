import Basics
import Storage

/// The float datasets of an HDF5 file: Keras' weights of any version, or names of ours or of torchvision.
struct HDF5Weights {
  let tensors: [SourceTensor]
  let isKeras: Bool

  /// - Parameter shown: the path for messages, where the file is a copy of a part of another.
  init(_ path: String, shown: String? = nil) throws {
    let file = try HDF5File.open(path)
    var datasets: [(name: String, dataset: HDF5Dataset)] = []
    try Self.collect(file.root, prefix: "", depth: 0, into: &datasets)
    let isKeras =
      file.root.hasAttribute("keras_version") || file.root.hasAttribute("layer_names")
      || file.root.isGroup("model_weights") || datasets.contains { Self.isKerasName($0.name) }
    self.isKeras = isKeras
    tensors = try datasets.filter { $0.dataset.type == .float32 || $0.dataset.type == .float64 }.map { name, dataset in
      try dataset.checkReadable(as: Float.self)
      return SourceTensor(name, shape: dataset.shape, axes: isKeras ? .outputsLast : .outputsFirst) {
        // The file stays open as long as one of its datasets.
        try dataset.read(as: Float.self)
      }
    }
  }

  private static func isKerasName(_ name: String) -> Bool {
    name.hasSuffix("kernel:0") || name.hasSuffix("kernel") || name.hasSuffix("_W_1:0")
      || (name.hasSuffix("/vars/0") && name.split(separator: "/").count >= 3)
  }

  private static func collect(
    _ group: HDF5Group, prefix: String, depth: Int, into found: inout [(name: String, dataset: HDF5Dataset)]
  ) throws {
    guard depth < 16 else { throw Failure(.badData, "\(group.name) is nested too deeply") }
    for child in try group.childNames() {
      guard !child.isEmpty, !child.contains("/") else {
        throw Failure(.badData, "\(group.name) is damaged: it has an entry without a usable name")
      }
      let name = prefix.isEmpty ? child : "\(prefix)/\(child)"
      // Keras keeps the optimizer's state beside the weights.
      if name == "optimizer" || name == "optimizer_weights" { continue }
      if group.isGroup(child) {
        try collect(try group.group(child), prefix: name, depth: depth + 1, into: &found)
      } else {
        found.append((name, try group.dataset(child)))
      }
    }
  }
}
