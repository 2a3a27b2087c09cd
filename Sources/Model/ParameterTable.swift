import Basics
import Kernels

/// All parameters of a network in forward order, as ranges of one arena.
package struct ParameterTable {
  package let parameters: [Parameter]
  /// Floats in an arena: all ranges, and the gaps between them, which are always zero.
  package let floatCount: Int
  package let preparedByteCount: Int
  private let indices: [String: Int]

  /// - Parameter layouts: of each layer's weights.
  init(layers: [Layer], layouts: [any WeightLayout]) {
    var parameters: [Parameter] = []
    var floats = 0
    var bytes = 0
    func append(_ layer: Layer, _ kind: Parameter.Kind, _ shape: [Int], _ layout: (any WeightLayout)?) {
      let count = layout?.count ?? shape.reduce(1, *)
      let byteCount = layout?.preparedByteCount ?? 0
      parameters.append(
        Parameter(
          name: layer.name + (kind == .weight ? "/weight" : "/bias"), layer: layer.name, kind: kind,
          canonicalShape: shape, range: floats..<floats + count, isUpdated: layer.isUpdated, isTrained: layer.isTrained,
          layout: layout,
          preparedRange: bytes..<bytes + byteCount))
      floats = Self.roundedUp(floats + count, to: 16)
      bytes = Self.roundedUp(bytes + byteCount, to: 64)
    }
    for (layer, layout) in zip(layers, layouts) {
      append(layer, .weight, layer.weightShape, layout)
      if let shape = layer.biasShape { append(layer, .bias, shape, nil) }
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
        isTrained: true, layout: nil, preparedRange: 0..<0)
    ]
    floatCount = Self.roundedUp(count, to: 16)
    preparedByteCount = 0
    indices = ["flat/weight": 0]
  }

  /// Where the backend reads the master as bfloat16 numbers only, ascending: two bytes a number say all that a machine
  /// needs that computes with these parameters and does not update them.
  package var rangesReadAsBFloat16: [Range<Int>] {
    parameters.filter { $0.layout?.readsBFloat16Only ?? false }.map(\.range)
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
        + ($0.layout?.fingerprint ?? "-")
    }.joined(separator: "\n")
  }
}
