import Model

extension ConfigurationKey {
  /// All keys as a table in Markdown: the part of docs/configuration.md that is not written by hand.
  package static var reference: String {
    let defaults = Configuration()
    var detector = defaults
    detector.model.architecture = .maskRCNN
    let rows = all.map { key in
      let value = (key.write(defaults) ?? key.write(detector)).map { "`\($0)`" } ?? "-"
      return "| `\(key.path)` | \(key.values.replacing("|", with: "\\|")) | \(value) | \(key.summary) |"
    }
    return (["| key | values | default | meaning |", "|---|---|---|---|"] + rows).joined(separator: "\n") + "\n"
  }
}
