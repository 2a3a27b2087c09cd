import Basics
import Model
import Yams

// Keys that name layers.
extension ConfigurationKey {
  static let learningRateMultipliers = ConfigurationKey(
    path: "optimizer.learning_rate_multipliers",
    summary: "times the learning rate of layers, `{conv1_*: 0.1, score*: 10}`; of several that fit, the last",
    values: "{layers: number not below 0}, or none",
    read: { value, configuration in
      guard !value.isAbsent(orWord: "none") else { return configuration.optimizer.learningRateMultipliers = [] }
      configuration.optimizer.learningRateMultipliers = try value.layerNumbers().map {
        Configuration.LayerMultiplier(layers: $0, factor: try $1.number(in: .notNegative))
      }
    },
    write: { configuration in
      let all = configuration.optimizer.learningRateMultipliers.map {
        "\(quotedWhereNeeded($0.layers.text)): \($0.factor)"
      }
      return all.isEmpty ? "none" : "{\(all.joined(separator: ", "))}"
    })

  static let frozenLayers = ConfigurationKey(
    path: "optimizer.freeze", summary: "layers that stay as they are, `[conv1_*, conv2_*]`",
    values: "[layers], or none",
    read: { value, configuration in
      guard !value.isAbsent(orWord: "none") else { return configuration.optimizer.freeze = [] }
      configuration.optimizer.freeze = try value.list(of: "layers, as [conv1_*], or none").map {
        try $0.layerPattern(try $0.text())
      }
    },
    write: { configuration in
      let all = configuration.optimizer.freeze.map { quotedWhereNeeded($0.text) }
      return all.isEmpty ? "none" : "[\(all.joined(separator: ", "))]"
    })
}

extension ConfigurationValue {
  /// A section whose keys name layers, in its order.
  fileprivate func layerNumbers() throws -> [(LayerPattern, ConfigurationValue)] {
    guard case .mapping(let mapping) = node else { throw failure(expected: "{layers: number}, as {conv1_*: 0.1}") }
    return try mapping.map { name, child in
      guard case .scalar(let scalar) = name else { throw failure(expected: "{layers: number}, as {conv1_*: 0.1}") }
      let pattern = try layerPattern(scalar.string)
      return (pattern, ConfigurationValue(key: "\(key).\(pattern.text)", node: child, origin: origin))
    }
  }

  fileprivate func layerPattern(_ text: String) throws -> LayerPattern {
    guard (1...100).contains(text.utf8.count), text.utf8.allSatisfy({ (33...126).contains($0) }) else {
      throw failure(expected: "names of layers, in which * stands for any characters")
    }
    return LayerPattern(text)
  }
}
