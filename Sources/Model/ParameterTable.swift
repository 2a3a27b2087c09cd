import Basics
import Kernels

/// All parameters of a network in forward order, as ranges of one arena.
package struct ParameterTable {
  package let parameters: [Parameter]
  /// Floats in an arena: all ranges, and the gaps between them, which are always zero.
  package let floatCount: Int
  package let preparedByteCount: Int
  private let indices: [String: Int]

  /// - Parameters:
  ///   - layouts: of each layer's weights.
  ///   - folds: of the layers that end in a frozen normalisation, by their number.
  init(layers: [Layer], layouts: [any WeightLayout], folds: [Int: FoldedWeights] = [:]) {
    var parameters: [Parameter] = []
    var floats = 0
    var bytes = 0
    func append(
      _ name: String, _ layer: String, _ kind: Parameter.Kind, _ shape: [Int], isUpdated: Bool, isTrained: Bool,
      _ layout: (any WeightLayout)? = nil, fold: FoldedWeights? = nil
    ) {
      let count = layout?.count ?? shape.reduce(1, *)
      let byteCount = fold?.preparedByteCount ?? layout?.preparedByteCount ?? 0
      parameters.append(
        Parameter(
          name: "\(layer)/\(name)", layer: layer, kind: kind, canonicalShape: shape, range: floats..<floats + count,
          isUpdated: isUpdated, isTrained: isTrained, layout: layout, isFolded: fold != nil,
          preparedRange: bytes..<bytes + byteCount))
      floats = Self.roundedUp(floats + count, to: 16)
      bytes = Self.roundedUp(bytes + byteCount, to: 64)
    }
    for (index, (layer, layout)) in zip(layers, layouts).enumerated() {
      append(
        "weight", layer.name, .weight, layer.weightShape, isUpdated: layer.isUpdated, isTrained: layer.isTrained,
        layout,
        fold: folds[index])
      if let shape = layer.biasShape {
        append("bias", layer.name, .bias, shape, isUpdated: layer.isUpdated, isTrained: layer.isTrained)
      }
      guard let normalization = layer.normalization else { continue }
      for vector in normalization.vectors {
        append(
          vector.name, normalization.name, .normalization, [layer.weightShape[0]], isUpdated: false,
          isTrained: false)
      }
    }
    self.parameters = parameters
    floatCount = floats
    preparedByteCount = bytes
    indices = Dictionary(uniqueKeysWithValues: parameters.enumerated().map { ($1.name, $0) })
  }

  /// One tensor without a layout: for measuring what does not depend on a network.
  package init(flatCount count: Int) {
    parameters = [
      Parameter(
        name: "flat/weight", layer: "flat", kind: .weight, canonicalShape: [count], range: 0..<count, isUpdated: true,
        isTrained: true, layout: nil, isFolded: false, preparedRange: 0..<0)
    ]
    floatCount = Self.roundedUp(count, to: 16)
    preparedByteCount = 0
    indices = ["flat/weight": 0]
  }

  /// Where the backend reads the master as bfloat16 numbers only, ascending: two bytes a number say all that a machine
  /// needs that computes with these parameters and does not update them.
  package var rangesReadAsBFloat16: [Range<Int>] {
    parameters.filter { !$0.isFolded && $0.layout?.readsBFloat16Only ?? false }.map(\.range)
  }

  private static func roundedUp(_ count: Int, to multiple: Int) -> Int {
    (count + multiple - 1) / multiple * multiple
  }

  /// The parameter of that name in files.
  package subscript(name: String) -> Parameter? { indices[name].map { parameters[$0] } }

  /// Numbers in files, without any layout's padding.
  package var canonicalCount: Int { parameters.reduce(0) { $0 + $1.canonicalCount } }

  /// One line per parameter: name, shape, place and layout. Equal on two ranks exactly when arenas mean the same.
  package var fingerprint: String {
    parameters.map {
      "\($0.name) \($0.canonicalShape) \($0.range) \($0.isUpdated ? "updated" : "fixed") "
        + ($0.layout?.fingerprint ?? "-") + ($0.isFolded ? " folded" : "")
    }.joined(separator: "\n")
  }
}
