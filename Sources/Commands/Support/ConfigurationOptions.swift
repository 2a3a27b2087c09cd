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
      throw Failure(.configuration, "\(path) is not a text in UTF-8")
    }
    return try Configuration(yaml: text, file: path, overrides: overrides)
  }

  /// The configuration in `text`, which messages call `name`, with the overrides.
  func read(text: String, called name: String) throws -> Configuration {
    try Configuration(yaml: text, file: name, overrides: overrides)
  }
}
