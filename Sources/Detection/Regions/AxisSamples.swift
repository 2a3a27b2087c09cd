/// Where RoIAlign looks along one axis (He et al. 2017, section 3; bounds as in torchvision's kernels).
struct AxisSamples {
  struct Sample {
    var low = 0
    var high = 0
    /// Of the higher place.
    var weight: Float = 0
    /// Samples further than a pixel outside give nothing.
    var isInside = false
  }

  let perCell: Int
  private let samples: [Sample]

  /// - Parameters:
  ///   - start, end: of the region, in pixels of the map.
  ///   - perCell: samples a cell; nil for one a pixel, rounded up.
  ///   - length: of the map.
  init(from start: Float, to end: Float, cells: Int, perCell wanted: Int?, length: Int) {
    let cell = (end - start) / Float(cells)
    // A region wider than any image is a fault that has been reported elsewhere, and must not take all memory.
    let adaptive = cell > 0 ? Int(min(cell.rounded(.up), 16384)) : 0
    let count = wanted ?? adaptive
    perCell = count
    samples = (0..<cells * count).map { index in
      let (place, step) = index.quotientAndRemainder(dividingBy: count)
      let raw = start + Float(place) * cell + (Float(step) + 0.5) * cell / Float(count)
      guard raw >= -1 && raw <= Float(length) else { return Sample() }
      let position = max(raw, 0)
      let low = Int(position)
      if low >= length - 1 { return Sample(low: length - 1, high: length - 1, weight: 0, isInside: true) }
      return Sample(low: low, high: low + 1, weight: position - Float(low), isInside: true)
    }
  }

  func of(cell: Int) -> ArraySlice<Sample> { samples[cell * perCell..<(cell + 1) * perCell] }
}
