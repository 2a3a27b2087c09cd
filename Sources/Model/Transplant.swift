import Basics

/// What a transplant took from another network's parameters, and what it left at its initial values, and why.
package struct TransplantReport: Sendable {
  /// Names of parameters, in forward order.
  package private(set) var taken: [String] = []
  /// Parameters of this network that keep their values, then those of the source that have no place here.
  package private(set) var left: [(name: String, reason: String)] = []

  package init() {}

  fileprivate mutating func take(_ name: String) { taken.append(name) }
  fileprivate mutating func leave(_ name: String, because reason: String) { left.append((name, reason)) }

  /// Lines for people, one for what was taken and one for each reason: layers, not single tensors.
  package var summary: [String] {
    var lines = ["took \(taken.isEmpty ? "nothing" : Self.layers(taken).joined(separator: ", "))"]
    var reasons: [String] = []
    for entry in left where !reasons.contains(entry.reason) { reasons.append(entry.reason) }
    for reason in reasons {
      let names = left.filter { $0.reason == reason }.map(\.name)
      lines.append("left \(Self.layers(names).joined(separator: ", ")): \(reason)")
    }
    return lines
  }

  private static func layers(_ names: [String]) -> [String] {
    var layers: [String] = []
    for name in names {
      let layer = String(name.prefix { $0 != "/" })
      if layers.last != layer { layers.append(layer) }
    }
    return layers
  }
}

/// Takes from `source` every layer whose parameters all fit by name and shape; the others keep their values. Half a layer
/// is never taken: a bias without its weight is worth nothing.
///
/// Staged training works this way: an fcn16s takes the backbone and score_fr of an fcn32s, and its own upsampling
/// layers and score_pool4 stay as they were initialised.
///
/// - Parameters:
///   - source: canonical values by name ("conv1_1/weight").
///   - table: the parameters of the network that takes.
///   - master: its arena.
package func transplant(
  source: [String: (shape: [Int], values: [Float])], into table: ParameterTable,
  _ master: UnsafeMutablePointer<Float>
) -> TransplantReport {
  var report = TransplantReport()
  var reasons: [String: String] = [:]
  for parameter in table.parameters where reasons[parameter.layer] == nil {
    reasons[parameter.layer] = misfit(source[parameter.name], parameter)
  }
  for parameter in table.parameters {
    if let reason = reasons[parameter.layer] {
      report.leave(parameter.name, because: reason)
      continue
    }
    do {
      try parameter.importCanonical(source[parameter.name]?.values ?? [], into: master)
      report.take(parameter.name)
    } catch {
      report.leave(parameter.name, because: "\(error)")
    }
  }
  for name in source.keys.sorted() where table[name] == nil {
    report.leave(name, because: "this network has no such layer")
  }
  return report
}

/// Why an entry cannot become `parameter`; nil where it can.
private func misfit(_ entry: (shape: [Int], values: [Float])?, _ parameter: Parameter) -> String? {
  guard let entry else { return "not in the source, keeps its initial values" }
  guard entry.shape == parameter.canonicalShape else {
    let what = parameter.kind == .bias ? "its bias has" : "has"
    return "\(what) shape \(entry.shape) in the source, \(parameter.canonicalShape) here"
  }
  guard entry.values.count == parameter.canonicalCount else {
    return "the source has \(entry.values.count) values for shape \(entry.shape)"
  }
  return nil
}
