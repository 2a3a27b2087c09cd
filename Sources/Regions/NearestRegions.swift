import CVector

/// The labelled regions that are most like a given one.
package struct NearestRegions: Sendable {
  private let labels: [UInt16]
  private let classCount: Int
  private let neighbours: Int
  /// Of each number of a descriptor, the root of its weight.
  private let weights: [Float]
  /// [RegionDescriptors.count, regions], weighted: so that loops run over regions.
  private let columns: [Float]

  /// - Parameter settings: number of neighbours, and weights.
  package init(_ model: RegionModel, settings: RegionSettings) {
    labels = model.labels
    classCount = model.classNames.count
    neighbours = min(settings.neighbours, labels.count)
    let parts: [(Double, Int)] = [
      (settings.colour, RegionDescriptors.colourCount), (settings.texture, RegionDescriptors.textureCount),
      (settings.position, RegionDescriptors.positionCount),
    ]
    let weights = parts.flatMap { [Float](repeating: Float($0.0.squareRoot()), count: $0.1) }
    self.weights = weights
    let (count, size) = (labels.count, RegionDescriptors.count)
    columns = (0..<size * count).map { model.descriptors[$0 % count * size + $0 / count] * weights[$0 / count] }
  }

  /// The class that most of the nearest have; of several, the one that is nearest.
  ///
  /// - Parameter descriptor: `RegionDescriptors.count` numbers.
  package func label(of descriptor: ArraySlice<Float>) -> UInt16 {
    var distances = [Float](repeating: 0, count: labels.count)
    columns.withUnsafeBufferPointer { columns in
      guard let base = columns.baseAddress else { return }
      for (place, value) in descriptor.enumerated() {
        cvector_add_squared_difference(base + place * labels.count, value * weights[place], &distances, labels.count)
      }
    }
    var nearest: [Int] = []
    for (region, distance) in distances.enumerated() {
      if nearest.count == neighbours, distance >= distances[nearest[neighbours - 1]] { continue }
      // Of equal distances, the first region stays before.
      let place = nearest.firstIndex { distances[$0] > distance } ?? nearest.count
      nearest.insert(region, at: place)
      if nearest.count > neighbours { nearest.removeLast() }
    }
    var votes = [Int](repeating: 0, count: classCount)
    for region in nearest { votes[Int(labels[region])] += 1 }
    let most = votes.max() ?? 0
    return nearest.lazy.map { labels[$0] }.first { votes[Int($0)] == most } ?? 0
  }
}
