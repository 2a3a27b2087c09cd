import Basics

/// What is taken from pixel values before the network sees them: `(pixel - mean[c]) / deviation[c]`.
package struct Normalisation: Equatable, Sendable {
  /// One per channel.
  package var mean: [Float]
  package var std: [Float]

  package init(mean: [Float], std: [Float]) {
    self.mean = mean
    self.std = std
  }

  /// - Throws: `Failure(.configuration)` naming the key.
  package func validate(channels: Int) throws {
    for (key, values) in [("data.mean", mean), ("data.std", std)] where values.count != channels {
      throw Failure(.configuration, "\(key) has \(values.count) values for images of \(channels) channels")
    }
    guard mean.allSatisfy(\.isFinite) else { throw Failure(.configuration, "data.mean has to be finite") }
    guard std.allSatisfy({ $0.isFinite && $0 > 0 }) else {
      throw Failure(.configuration, "data.std has to be above 0 in every channel")
    }
  }
}
