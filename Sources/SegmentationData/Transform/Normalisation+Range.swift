import Basics

extension Normalisation {
  /// Refuses an image whose values cannot be of the kind that this normalisation was made for: 16 bits where it was 8,
  /// or 0 … 255 where it was 0 … 1. The network would answer, with nonsense.
  ///
  /// - Parameter name: what the message calls the image.
  /// - Throws: `Failure(.badData)` where a value is more than 16 times as large as three deviations above the mean, and
  ///   beyond 1 or 255, whichever the mean's own range seems to be; the kinds differ by 255 times and more.
  package func check(_ raw: RawSample, name: String) throws {
    // Nothing is known of values that are taken as they are.
    guard raw.channels == mean.count, mean.contains(where: { $0 != 0 }) else { return }
    var largest = [Float](repeating: 0, count: raw.channels)
    for index in 0..<raw.pixels.count {
      let channel = index % raw.channels
      largest[channel] = max(largest[channel], abs(raw.pixels[index]))
    }
    for channel in largest.indices {
      let usual = abs(mean[channel]) + 3 * std[channel]
      guard largest[channel] > max(16 * usual, usual > 2 ? 255 : 1) else { continue }
      throw Failure(
        .badData,
        "\(name) (\(raw.pixels.kind.rawValue)) has values up to \(significant(Double(largest[channel]), 4)), "
          + "but the model was trained on images of mean \(significant(Double(mean[channel]), 3)) and deviation "
          + "\(significant(Double(std[channel]), 3))",
        remedy: "convert it to the range of the training images, for instance from 16 to 8 bits")
    }
  }
}
