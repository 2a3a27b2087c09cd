extension Configuration {
  /// The whole configuration as YAML text, every key in the order of `ConfigurationKey.all`. Reading it gives an equal
  /// configuration, and equal configurations give equal texts.
  package var yaml: String {
    var text = ""
    var open: [Substring] = []
    for key in ConfigurationKey.all {
      guard let value = key.write(self) else { continue }
      let names = key.path.split(separator: ".")
      let sections = Array(names.dropLast())
      let common = zip(open, sections).prefix { $0 == $1 }.count
      for depth in common..<sections.count { text += Self.indentation(depth) + "\(sections[depth]):\n" }
      text += Self.indentation(sections.count) + "\(names[names.count - 1]): \(value)\n"
      open = sections
    }
    return text
  }

  private static func indentation(_ depth: Int) -> String { String(repeating: "  ", count: depth) }
}
