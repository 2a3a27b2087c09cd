import ArgumentParser
import Basics
import Training

/// Test-time augmentation.
struct AugmentationOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Average the probabilities over these scales of each image, such as 0.75,1,1.25.", valueName: "numbers"))
  var scales: String?
  @Flag(help: "Average the probabilities over each image and its mirror image.") var flip = false

  func validate() throws {
    guard let scales else { return }
    let numbers = Self.numbers(scales)
    let range = TestTimeAugmentation.range
    guard (1...16).contains(numbers.count), numbers.allSatisfy({ $0.map(range.contains) ?? false }) else {
      throw ValidationError(
        "--scales must be numbers in \(range.lowerBound) … \(range.upperBound) with commas between them, such as "
          + "0.75,1,1.25, found '\(scales)'")
    }
  }

  private static func numbers(_ text: String) -> [Double?] {
    text.split(separator: ",", omittingEmptySubsequences: false).map { Double($0) }
  }

  /// The option that was given, for messages.
  var given: String? { scales != nil ? "--scales" : flip ? "--flip" : nil }

  /// nil: images go through the network as they are.
  var augmentation: TestTimeAugmentation? {
    guard given != nil else { return nil }
    return TestTimeAugmentation(scales: scales.map { Self.numbers($0).compactMap { $0 } } ?? [1], flips: flip)
  }

  /// - Throws: where the network does not label pixels.
  func check(_ model: TrainedModel, file: String) throws {
    guard let given, model.task != .semantic else { return }
    throw Failure(
      .usage,
      "\(given) is for networks that label pixels, and \(file) "
        + (model.task == .classification ? "classifies" : "finds instances"), remedy: "leave it out")
  }
}
