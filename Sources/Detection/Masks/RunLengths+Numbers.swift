extension RunLengths {
  /// The masks of a picture in which each thing has a number of its own, in the numbers' order; 0 is no thing.
  ///
  /// - Parameter numbers: [height, width] row after row.
  /// - Precondition: there are `height * width` of them, at least one and fewer than 2^31.
  package static func things(
    in numbers: [UInt16], height: Int, width: Int
  ) -> [(number: UInt16, mask: RunLengths)] {
    precondition(numbers.count == height * width && !numbers.isEmpty)
    var bounds = [[UInt32]](repeating: [], count: 65_536)
    for x in 0..<width {
      for y in 0..<height {
        let number = Int(numbers[y * width + x])
        guard number > 0 else { continue }
        let place = UInt32(x * height + y)
        if bounds[number].last == place { bounds[number].removeLast() } else { bounds[number].append(place) }
        bounds[number].append(place + 1)
      }
    }
    return bounds.enumerated().compactMap { number, own in
      guard !own.isEmpty else { return nil }
      var previous: UInt32 = 0
      let end = UInt32(height * width)
      let counts = (own + (own.last == end ? [] : [end])).map { bound in
        defer { previous = bound }
        return bound - previous
      }
      return (UInt16(number), RunLengths(height: height, width: width, shortest: counts))
    }
  }
}
