/// Mean over the positions of an image, and its adjoint, for flat arrays of any element that reads and writes as float32.
/// One thread: score maps are small.
enum PositionMean {
  /// - Parameter value: element `i` of the source.
  static func mean(
    _ shape: ActivationShape, into destination: UnsafeMutablePointer<Float>, _ value: (Int) -> Float
  ) {
    let positions = shape.height * shape.width
    var sums = [Double](repeating: 0, count: shape.channels)
    for image in 0..<shape.images {
      for channel in sums.indices { sums[channel] = 0 }
      for position in 0..<positions {
        let first = (image * positions + position) * shape.channels
        for channel in sums.indices { sums[channel] += Double(value(first + channel)) }
      }
      for channel in sums.indices {
        destination[image * shape.channels + channel] = Float(sums[channel] / Double(positions))
      }
    }
  }

  /// - Parameters:
  ///   - gradient: element `i` of [images, channels].
  ///   - set: takes element `i` of the destination and its value.
  static func spread(_ shape: ActivationShape, _ gradient: (Int) -> Float, _ set: (Int, Float) -> Void) {
    let positions = shape.height * shape.width
    let share = 1 / Float(positions)
    for image in 0..<shape.images {
      for position in 0..<positions {
        let first = (image * positions + position) * shape.channels
        for channel in 0..<shape.channels { set(first + channel, gradient(image * shape.channels + channel) * share) }
      }
    }
  }
}
