import Basics
import Yams

extension Configuration {
  /// The configuration in YAML `text`: keys that it leaves out have their defaults, then `overrides` ("key=value", as
  /// `--set` gives them) are applied in order.
  ///
  /// - Parameter file: what messages call the text.
  /// - Throws: `Failure(.configuration)` naming file, line and key.
  package init(yaml text: String, file: String, overrides: [String] = []) throws {
    self.init()
    // No key can be set to NaN, so that it marks the learning rate as not given: its default depends on another key.
    optimizer.learningRate = .nan
    try apply(yaml: text, file: file)
    for assignment in overrides { try apply(override: assignment) }
    if optimizer.learningRate.isNaN { optimizer.learningRate = optimizer.name.defaultLearningRate }
    try validate(file: file)
  }

  /// Sets one key, as `--set` does: "optimizer.learning_rate=0.01".
  private mutating func apply(override assignment: String) throws {
    let parts = assignment.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 2, !parts[0].isEmpty else {
      throw Failure(
        .configuration, "--set \(assignment): there is no value",
        remedy: "write it as --set optimizer.learning_rate=0.01")
    }
    let reader = ConfigurationReader(file: nil)
    let node = try reader.parse(parts[1], called: "--set \(parts[0])") ?? Node("")
    try reader.apply(node, at: parts[0].filter { $0 != " " }, to: &self)
  }

  private mutating func apply(yaml text: String, file: String) throws {
    let reader = ConfigurationReader(file: file)
    guard let node = try reader.parse(text, called: file) else { return }
    guard case .mapping = node else {
      throw Failure(
        .configuration, "\(file): it is not a configuration: there must be sections such as model: and train:")
    }
    try reader.apply(node, at: "", to: &self)
  }
}

/// Applies YAML nodes to a configuration.
private struct ConfigurationReader {
  /// nil: the command line.
  let file: String?
  private static let keys = Dictionary(uniqueKeysWithValues: ConfigurationKey.all.map { ($0.path, $0) })
  private static let sections = Set(
    ConfigurationKey.all.flatMap { key -> [String] in
      let names = key.path.split(separator: ".")
      return (1..<names.count).map { names.prefix($0).joined(separator: ".") }
    })
  /// What other trainers call things.
  private static let synonyms = [
    "lr": "optimizer.learning_rate", "lr_mult": "optimizer.learning_rate_multipliers", "frozen": "optimizer.freeze",
    "batch_size": "batch.global", "num_classes": "model.classes",
    "max_steps": "train.steps", "max_iter": "train.steps", "num_epochs": "train.epochs", "dtype": "train.precision",
  ]

  init(file: String?) { self.file = file }

  /// Composes the nodes. Aliases are refused: a few lines of them expand to more than any memory holds.
  func parse(_ text: String, called name: String) throws -> Node? {
    let text = Self.withoutByteOrderMarks(text)
    guard text.utf8.count <= 1 << 20 else {
      throw Failure(.configuration, "\(name): \(text.utf8.count) bytes are too many for a configuration")
    }
    if let line = Self.lineWithAlias(text) {
      throw Failure(
        .configuration, "\(name):\(line): YAML aliases (*name) are not taken",
        remedy: "write the value itself, or put a name with a star at its head in quotes")
    }
    do {
      return try Yams.compose(yaml: text)
    } catch let error as YamlError {
      throw Self.failure(error, called: name)
    }
  }

  /// Removes byte-order marks, which would shift the column numbers of messages. Texts that were put together have them at
  /// the heads of later lines too.
  private static func withoutByteOrderMarks(_ text: String) -> String {
    guard text.unicodeScalars.contains("\u{FEFF}") else { return text }
    var kept = String.UnicodeScalarView()
    var isAtHead = true
    for scalar in text.unicodeScalars where !(isAtHead && scalar == "\u{FEFF}") {
      kept.append(scalar)
      isAtHead = scalar == "\n"
    }
    return String(kept)
  }

  private static func lineWithAlias(_ text: String) -> Int? {
    var previous: Unicode.Scalar = " "
    var line = 1
    var isComment = false
    for scalar in text.unicodeScalars {
      if scalar == "\n" {
        line += 1
        isComment = false
      } else if scalar == "#", previous == " " || previous == "\n" {
        isComment = true
      } else if scalar == "*", !isComment, " \n\t[{,:?-".unicodeScalars.contains(previous) {
        return line
      }
      previous = scalar
    }
    return nil
  }

  private static func failure(_ error: YamlError, called name: String) -> Failure {
    switch error {
    case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _),
      .composer(let context, let problem, let mark, _):
      let situation = context.map { "\($0.text), " } ?? ""
      return Failure(
        .configuration, "\(name):\(mark.line): it is not valid YAML (\(situation)\(problem))",
        remedy: "a text with special characters needs \"quotes\"; sections are indented with blanks")
    case .duplicatedKeysInMapping(let duplicates, let context):
      let keys = duplicates.joined(separator: ", ")
      return Failure(
        .configuration, "\(name):\(context.mark.line): \(keys) stands twice in one section", remedy: "keep one of them")
    case .reader(let problem, let offset, _, _):
      return Failure(.configuration, "\(name): \(problem)" + (offset.map { " at byte \($0)" } ?? ""))
    default:
      return Failure(.configuration, "\(name): it cannot be read as YAML (\(error))")
    }
  }

  func apply(_ node: Node, at path: String, to configuration: inout Configuration) throws {
    let value = ConfigurationValue(key: path, node: node, origin: origin(node))
    if let key = Self.keys[path] { return try key.read(value, &configuration) }
    guard path.isEmpty || Self.sections.contains(path) else { throw unknown(path, node) }
    guard case .mapping(let mapping) = node else {
      if value.isAbsent(orWord: "null"), file != nil { return }
      throw value.failure(expected: "a section with the keys \(Self.children(of: path).joined(separator: ", "))")
    }
    try refuseTwoDurations(mapping, path)
    for (name, child) in mapping {
      guard case .scalar(let scalar) = name else {
        throw Failure(.configuration, "\(origin(name)): a key must be a word")
      }
      let childPath = path.isEmpty ? scalar.string : "\(path).\(scalar.string)"
      guard !scalar.string.contains(".") else { throw dotted(childPath, name) }
      if Self.keys[childPath] == nil, !Self.sections.contains(childPath) { throw unknown(childPath, name) }
      try apply(child, at: childPath, to: &configuration)
    }
  }

  private func refuseTwoDurations(_ mapping: Node.Mapping, _ path: String) throws {
    guard path == "train", mapping["epochs"] != nil, mapping["steps"] != nil else { return }
    throw Failure(
      .configuration, "\(origin(.mapping(mapping))): train has both epochs and steps", remedy: "keep one of them")
  }

  private func origin(_ node: Node) -> String {
    guard let file else { return "--set" }
    return node.mark.map { "\(file):\($0.line)" } ?? file
  }

  private static func children(of section: String) -> [String] {
    var names: [String] = []
    let prefix = section.isEmpty ? "" : section + "."
    for key in ConfigurationKey.all where key.path.hasPrefix(prefix) {
      let name = String(key.path.dropFirst(prefix.count).prefix { $0 != "." })
      if names.last != name { names.append(name) }
    }
    return names
  }

  /// The failure for a key that does not exist, naming the nearest that does.
  private func unknown(_ path: String, _ node: Node) -> Failure {
    let names = path.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    let section = names.dropLast().joined(separator: ".")
    let shown = path.count > 80 ? path.prefix(77) + "…" : path
    let remedy: String
    if let nearest = Self.suggestion(for: path, name: names.last ?? "", section: section) {
      remedy = "did you mean \(nearest)?"
    } else {
      let known = Self.sections.contains(section) ? section : ""
      let place = known.isEmpty ? "the sections are" : "the keys of \(known) are"
      remedy = "\(place) \(Self.children(of: known).joined(separator: ", "))"
    }
    return Failure(.configuration, "\(origin(node)): there is no key \(Self.printable(String(shown)))", remedy: remedy)
  }

  /// The failure for a key that is written as --set takes it.
  private func dotted(_ path: String, _ node: Node) -> Failure {
    let isKnown = Self.keys[path] != nil || Self.sections.contains(path)
    let names = path.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    let section = names.dropLast().joined(separator: ".")
    guard let meant = isKnown ? path : Self.suggestion(for: path, name: names.last ?? "", section: section) else {
      return unknown(path, node)
    }
    let parts = meant.split(separator: ".").map(String.init)
    let nested = parts.dropLast().reversed().reduce("\(parts.last ?? ""): …") { "\($1): {\($0)}" }
    let shown = Self.printable(path.count > 80 ? path.prefix(77) + "…" : path)
    return Failure(
      .configuration, "\(origin(node)): there is no key \(shown) with a dot in its name",
      remedy: "did you mean '\(nested)'? In a file sections stand around their keys; only --set joins them with dots")
  }

  private static func printable(_ text: String) -> String {
    String(text.unicodeScalars.map { $0.value < 32 ? "?" : Character($0) })
  }

  private static func suggestion(for path: String, name: String, section: String) -> String? {
    if let meant = synonyms[name.lowercased()] { return meant }
    let siblings = section.isEmpty || sections.contains(section) ? children(of: section) : []
    if let sibling = Spelling.nearest(to: name, among: siblings) {
      return section.isEmpty ? sibling : "\(section).\(sibling)"
    }
    if let elsewhere = keys.keys.sorted().first(where: { $0.hasSuffix("." + name) }) { return elsewhere }
    return Spelling.nearest(to: path, among: ConfigurationKey.all.map(\.path))
  }
}
