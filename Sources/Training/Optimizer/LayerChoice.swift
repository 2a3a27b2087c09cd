import Basics
import Model
import TrainingConfiguration

/// Which layers a run trains, and how fast: what `optimizer.freeze` and `optimizer.learning_rate_multipliers` mean for a
/// network.
package struct LayerChoice: Equatable, Sendable {
  /// Names of layers, in forward order.
  package let frozen: [String]
  /// By layer; those that are not here have 1.
  package let multipliers: [String: Float]
  /// Settings that come to nothing.
  package let warnings: [String]
  private let names: [String]

  /// - Throws: `Failure(.configuration)` where a pattern fits no layer, or nothing is left to train.
  package init(_ settings: Configuration.Optimizer, model: ModelConfiguration) throws {
    let all = Network.layers(of: model)
    let names = all.map(\.name)
    self.names = names
    func layers(_ pattern: LayerPattern, _ key: String) throws -> [String] {
      let fitting = names.filter(pattern.matches)
      guard fitting.isEmpty else { return fitting }
      throw Failure(
        .configuration, "optimizer.\(key): no layer of \(model.architecture.rawValue) fits \(pattern.text)",
        remedy: "the layers are \(names.joined(separator: ", "))")
    }
    let fixed = Set(try settings.freeze.flatMap { try layers($0, "freeze") })
    frozen = names.filter(fixed.contains)
    guard all.contains(where: { $0.isUpdated && !fixed.contains($0.name) }) else {
      throw Failure(.configuration, "optimizer.freeze leaves no layer to train", remedy: "freeze fewer")
    }
    var multipliers: [String: Float] = [:]
    var warnings: [String] = []
    for setting in settings.learningRateMultipliers {
      let fitting = try layers(setting.layers, "learning_rate_multipliers")
      for name in fitting { multipliers[name] = Float(setting.factor) }
      if fitting.allSatisfy(fixed.contains) {
        warnings.append(
          "optimizer.learning_rate_multipliers: \(setting.layers.text) has no effect: what it fits is frozen")
      }
    }
    self.multipliers = multipliers
    self.warnings = warnings
  }

  /// What is special about layers, in lines for people.
  package var notes: [String] {
    let factors = names.compactMap { name in multipliers[name].map { "\(name) \($0)" } }
    return (frozen.isEmpty ? [] : ["frozen: \(frozen.joined(separator: ", "))"])
      + (factors.isEmpty ? [] : ["learning rate times: \(factors.joined(separator: ", "))"])
  }
}
