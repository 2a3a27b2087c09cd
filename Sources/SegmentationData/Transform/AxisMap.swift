/// How one axis of the output maps to the source: `size` positions, of which `valid` lie inside the scaled image.
struct AxisMap {
  /// Output positions inside the scaled image.
  let valid: Range<Int>
  /// For each valid position: the two source positions that are mixed, the second one's weight, and the nearest one.
  private(set) var first: [Int32] = []
  private(set) var second: [Int32] = []
  private(set) var weight: [Float] = []
  private(set) var nearest: [Int32] = []
  /// Whether every position is one source position, unmixed.
  let isExact: Bool

  /// - Parameters:
  ///   - source: extent of the stored image.
  ///   - size: extent of the output.
  ///   - place: 0 ..< 1, where the output lies in the scaled image (or the image in the output, if that is larger).
  init(source: Int, scale: Float, size: Int, place: Float, isFlipped: Bool) {
    let scaled = max(1, Int((Double(source) * Double(scale)).rounded()))
    let room = abs(scaled - size)
    let shift = min(room, Int(Float(room + 1) * place))
    self.init(
      source: source, scaled: scaled, size: size, start: scaled >= size ? shift : -shift, isFlipped: isFlipped)
  }

  /// - Parameters:
  ///   - scaled: extent of the scaled image.
  ///   - start: where the output begins in the scaled image; negative where it begins before.
  init(source: Int, scaled: Int, size: Int, start: Int = 0, isFlipped: Bool) {
    valid = max(0, -start)..<min(size, scaled - start)
    isExact = scaled == source
    let ratio = Double(source) / Double(scaled)
    for position in valid {
      let place = isFlipped ? scaled - 1 - (position + start) : position + start
      // Centres of pixels lie at halves.
      let exact = (Double(place) + 0.5) * ratio
      nearest.append(Int32(min(source - 1, Int(exact))))
      let between = min(Double(source - 1), max(0, exact - 0.5))
      let lower = Int(between)
      first.append(Int32(lower))
      second.append(Int32(min(source - 1, lower + 1)))
      weight.append(Float(between - Double(lower)))
    }
  }
}
