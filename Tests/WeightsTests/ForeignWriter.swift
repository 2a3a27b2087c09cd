import TestSupport

/// Writes a tiny VGG16 in the formats of other tools, by fuzz/foreign_weights.py.
enum ForeignWriter {
  /// - Parameters:
  ///   - format: a function of that script.
  ///   - arguments: what else it takes.
  static func write(_ format: String, to path: String, _ arguments: String = "") throws {
    try Python.run(
      """
      import sys
      sys.path.insert(0, sys.argv[2])
      from foreign_weights import *
      \(format)(sys.argv[1]\(arguments.isEmpty ? "" : ", ")\(arguments))
      """, path, folder)
  }

  /// The value at `index` of parameter number `number` of `names`, in canonical order.
  static func value(_ number: Int, _ index: Int) -> Float {
    Float((number * 7919 + index * 31) % 1009) / 1024 - 0.5
  }

  static let widths = [4, 6, 8, 10, 12]
  static let fc = 14
  static let classes = 5
  /// Layers with the shapes of their weights.
  static let layers: [(name: String, shape: [Int])] = {
    var layers: [(name: String, shape: [Int])] = []
    var channels = 3
    for (block, count) in [2, 2, 3, 3, 3].enumerated() {
      for number in 1...count {
        layers.append(("conv\(block + 1)_\(number)", [widths[block], channels, 3, 3]))
        channels = widths[block]
      }
    }
    return layers + [
      ("fc6", [fc, channels, 7, 7]), ("fc7", [fc, fc, 1, 1]), ("score_fr", [classes, fc, 1, 1]),
    ]
  }()

  private static let folder = TestedPackage.folder + "/fuzz"
}
