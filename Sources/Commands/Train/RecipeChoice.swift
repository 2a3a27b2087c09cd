import Basics
import Checkpoints
import Foundation
import TrainingConfiguration

/// Which configuration a training gets.
enum RecipeChoice {
  /// The one that was given, that of the training that is resumed, `fcn-dist.yaml`, or the built-in one.
  ///
  /// - Parameters:
  ///   - resume: "auto" or a checkpoint; nil for a new training.
  ///   - runFolder: of a run to be resumed.
  /// - Returns: the configuration, and what it is called.
  static func choose(
    _ options: ConfigurationOptions, resume: String? = nil, runFolder: String = ""
  ) throws -> (Configuration, String) {
    if let path = options.config { return (try options.read(path), path) }
    let own = runFolder + "/config.yaml"
    if resume != nil, FileManager.default.fileExists(atPath: own) { return (try options.read(own), own) }
    if let resume, resume != "auto" {
      let text = try CheckpointReader(resume).state.configurationText
      return (try options.read(text: text, called: "\(resume): /training/config"), "as in \(resume)")
    }
    if FileManager.default.fileExists(atPath: "fcn-dist.yaml") {
      return (try options.read("fcn-dist.yaml"), "fcn-dist.yaml")
    }
    let name = "the built-in small FCN-8s (configs/quickstart.yaml)"
    return (try options.read(text: BuiltInRecipe.yaml, called: "the built-in recipe"), name)
  }
}
