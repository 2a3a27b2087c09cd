import ArgumentParser
import Basics
import Collectives
import Regions
import TrainingConfiguration

/// The settings of regions, and the threads that compute them.
struct RegionOptions: ParsableArguments {
  @Option(
    name: .customLong("set"), parsing: .singleValue,
    help: ArgumentHelp("Set one key: --set superpixels.count=900. May be given again.", valueName: "key=value"))
  var overrides: [String] = []
  @Option(
    help: ArgumentHelp(
      "Threads of a rank. Default: $OMP_NUM_THREADS, else the rank's share of the cores.", valueName: "number"))
  var threads: Int?

  /// Every key with its default, for help texts.
  static var keyTable: String {
    RegionSettings.keys.map { "\($0.name)=\(text($0.get(RegionSettings())))" }.joined(separator: ", ")
  }

  private static func text(_ value: Double) -> String {
    value == value.rounded() ? "\(Int(value))" : "\(value)"
  }

  func validate() throws {
    if let threads, !(1...4096).contains(threads) {
      throw ValidationError("--threads must be in 1 … 4096, found \(threads)")
    }
  }

  /// Says where the threads have too few processors.
  ///
  /// - Important: Collective over `group`.
  func threadCount(_ group: any ProcessGroup) throws -> Int {
    let count = try ThreadPlan(group, requested: threads ?? ThreadPlan.requestedThreadCount).threadCount
    try PlacementWarning.say(threads: count, over: group)
    return count
  }

  /// `settings` with the overrides.
  ///
  /// - Parameter model: the file whose settings these are.
  /// - Throws: `Failure(.configuration)` naming the key: unknown, out of its range, or the model's own.
  func settings(over settings: RegionSettings, of model: String? = nil) throws -> RegionSettings {
    var result = settings
    for text in overrides {
      let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
      guard let key = RegionSettings.keys.first(where: { $0.name == parts[0] }) else {
        let nearest = Spelling.nearest(to: parts[0], among: RegionSettings.keys.map(\.name))
        throw Failure(
          .configuration, "there is no key '\(parts[0])' of the baseline",
          remedy: nearest.map { "did you mean '\($0)'?" } ?? "there are: \(Self.keyTable)")
      }
      guard parts.count == 2, let value = Double(parts[1]), key.range.contains(value),
        !key.isWhole || value == value.rounded()
      else {
        let (low, high) = (Self.text(key.range.lowerBound), Self.text(key.range.upperBound))
        throw Failure(
          .configuration,
          "--set \(text): \(key.name) takes a \(key.isWhole ? "whole number" : "number") in \(low) … \(high)")
      }
      if let model, key.isFixedByModel, value != key.get(settings) {
        throw Failure(
          .configuration, "\(key.name) is \(Self.text(key.get(settings))) in \(model), whose regions are made so",
          remedy: "leave it out, or fit a model with --set \(text)")
      }
      key.set(&result, value)
    }
    return result
  }
}
