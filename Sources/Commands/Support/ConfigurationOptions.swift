import ArgumentParser
import Basics
import Foundation
import TrainingConfiguration

/// Where the configuration comes from.
struct ConfigurationOptions: ParsableArguments {
  @Option(help: ArgumentHelp("The configuration (YAML, see docs/configuration.md).", valueName: "file"))
  var config: String?

  @Option(
    name: .customLong("set"), parsing: .singleValue,
    help: ArgumentHelp("Set one key: --set optimizer.learning_rate=0.01. May be given again.", valueName: "key=value"))
  var overrides: [String] = []

  /// The configuration in `path`, with the overrides.
  func read(_ path: String) throws -> Configuration {
    let bytes = try FileBytes.read(path, limit: 16 << 20)
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw Failure(
        .configuration, "\(path) is not a text in UTF-8",
        remedy: [[0xFF, 0xFE], [0xFE, 0xFF]].contains(bytes.prefix(2))
          ? "it is one in UTF-16, as Windows' PowerShell writes it: save it as UTF-8" : "save it as UTF-8")
    }
    // It would be the full-width net with all defaults: more than anybody means by nothing.
    guard text.split(whereSeparator: \.isNewline).contains(where: Self.hasContent) else {
      throw Failure(
        .configuration, "\(path) is empty: it says nothing of what to train",
        remedy: "write the keys that you want into it (docs/configuration.md; '{}' takes every default), or leave "
          + "--config out")
    }
    return try Configuration(yaml: text, file: path, overrides: overrides)
  }

  /// Is a line of YAML more than blanks, a comment, or the marks around a document?
  private static func hasContent(_ line: Substring) -> Bool {
    let rest = line.drop { $0.isWhitespace || $0 == "\u{FEFF}" }
    return !rest.isEmpty && rest.first != "#" && !["---", "..."].contains(rest.prefix(3))
  }

  /// The configuration in `text`, which messages call `name`, with the overrides.
  func read(text: String, called name: String) throws -> Configuration {
    try Configuration(yaml: text, file: name, overrides: overrides)
  }
}
