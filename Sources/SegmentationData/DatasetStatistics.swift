import Basics

/// What a split holds, in numbers.
package struct DatasetStatistics: Sendable {
  /// Pixels of each class, in all images; images, or instances but crowds, of each class where those
  /// have one.
  package fileprivate(set) var pixelCounts: [Int]
  package fileprivate(set) var ignoredPixelCount = 0
  /// nil but where the task is to find them.
  package fileprivate(set) var instances: InstanceStatistics?
  /// Images that each class occurs in.
  package fileprivate(set) var imageCounts: [Int]
  /// Pixels of the images that each class occurs in, ignored ones included.
  package fileprivate(set) var surroundingPixelCounts: [Int]
  /// How many images there are of each size, the most frequent first.
  package fileprivate(set) var sizes: [(height: Int, width: Int, count: Int)] = []
  /// Of each channel over all pixels, in stored units. Empty if only labels were read.
  package fileprivate(set) var mean: [Double] = []
  package fileprivate(set) var standardDeviation: [Double] = []

  fileprivate init(classCount: Int) {
    pixelCounts = Array(repeating: 0, count: classCount)
    imageCounts = pixelCounts
    surroundingPixelCounts = pixelCounts
  }

  package var labelledPixelCount: Int { pixelCounts.reduce(0, +) }

  /// Share of each class in the labelled pixels.
  package var pixelShares: [Double] {
    let total = Double(max(1, labelledPixelCount))
    return pixelCounts.map { Double($0) / total }
  }

  /// Median-frequency weights (Eigen & Fergus, "Predicting depth, surface normals and semantic labels", ICCV 2015):
  /// a class's frequency is its share in the pixels of the images that it occurs in; its weight is the median of the
  /// frequencies over its own. 1 for a class that never occurs.
  package var medianFrequencyWeights: [Double] {
    let frequencies = zip(pixelCounts, surroundingPixelCounts).map { $1 == 0 ? 0 : Double($0) / Double($1) }
    let occurring = frequencies.filter { $0 > 0 }.sorted()
    guard !occurring.isEmpty else { return frequencies.map { _ in 1 } }
    let middle = occurring.count / 2
    let median = occurring.count % 2 == 1 ? occurring[middle] : (occurring[middle - 1] + occurring[middle]) / 2
    return frequencies.map { $0 > 0 ? median / $0 : 1 }
  }

  /// Mean and standard deviation as the network's input takes them; a constant channel is divided by 1.
  package var normalisation: Normalisation {
    Normalisation(mean: mean.map { Float($0) }, std: standardDeviation.map { $0 > 0 ? Float($0) : 1 })
  }

  /// Reads a whole split. The result does not depend on the number of threads.
  ///
  /// - Parameter includingPixels: whether mean and standard deviation are wanted; without, only labels are read.
  /// - Throws: as `Dataset.read`.
  package static func compute(
    _ dataset: Dataset, includingPixels: Bool = true, threads: Int = 2,
    progress: (WorkProgress) -> Void = { _ in }
  ) throws -> DatasetStatistics {
    var statistics = DatasetStatistics(classCount: dataset.info.classCount)
    var moments: [Moments] = []
    var sizes: [[Int]: Int] = [:]
    try OrderedWork.run(count: dataset.sampleCount, threads: threads) { index in
      try SampleStatistics(dataset, index, includingPixels)
    } take: { index, sample in
      statistics.add(sample)
      moments = moments.isEmpty ? sample.moments : zip(moments, sample.moments).map { $0.joined(with: $1) }
      let size = dataset.size(index)
      sizes[[size.height, size.width], default: 0] += 1
      progress(WorkProgress(name: dataset.info.split, completed: index + 1, total: dataset.sampleCount))
    }
    // An image, or an instance, has one class: its class's share is that of all of them.
    if dataset.info.task != .semantic {
      let total = statistics.labelledPixelCount
      statistics.surroundingPixelCounts = statistics.pixelCounts.map { $0 > 0 ? total : 0 }
    }
    statistics.sizes = sizes.map { (height: $0.key[0], width: $0.key[1], count: $0.value) }
      .sorted { ($1.count, $0.height, $0.width) < ($0.count, $1.height, $1.width) }
    statistics.mean = moments.map(\.mean)
    statistics.standardDeviation = moments.map { ($0.squares / $0.count).squareRoot() }
    return statistics
  }

  private mutating func add(_ sample: SampleStatistics) {
    if let own = sample.instances { instances = (instances ?? InstanceStatistics()).adding(own) }
    let pixelCount = sample.counts.reduce(0, +) + sample.ignoredCount
    ignoredPixelCount += sample.ignoredCount
    for (label, count) in sample.counts.enumerated() where count > 0 {
      pixelCounts[label] += count
      imageCounts[label] += 1
      surroundingPixelCounts[label] += pixelCount
    }
  }
}

/// Count, mean and summed squared distance from it; pieces are joined as Chan, Golub and LeVeque (1979) do.
private struct Moments: Sendable {
  var count = 0.0
  var mean = 0.0
  var squares = 0.0

  func joined(with other: Moments) -> Moments {
    let total = count + other.count
    let distance = other.mean - mean
    return Moments(
      count: total, mean: mean + distance * other.count / total,
      squares: squares + other.squares + distance * distance * count * other.count / total)
  }
}

private struct SampleStatistics: Sendable {
  var counts: [Int]
  var ignoredCount: Int
  var moments: [Moments] = []
  var instances: InstanceStatistics?

  init(_ dataset: Dataset, _ index: Int, _ includingPixels: Bool) throws {
    var raw = RawSample()
    if includingPixels { try dataset.read(index, into: &raw) } else { try dataset.readLabels(index, into: &raw) }
    instances = raw.instances.map { InstanceStatistics($0) }
    var histogram = [Int](repeating: 0, count: 65_536)
    let ignored = dataset.info.ignoreValue
    for label in raw.countedLabels(ignored: ignored) { histogram[Int(label)] += 1 }
    // An ignore label among the classes' numbers is ignored all the same.
    ignoredCount = histogram[Int(ignored)]
    histogram[Int(ignored)] = 0
    counts = Array(histogram.prefix(dataset.info.classCount))
    guard includingPixels else { return }
    switch raw.pixels {
    case .uint8(let values): moments = Self.moments(values, dataset.info.channels) { Double($0) }
    case .uint16(let values): moments = Self.moments(values, dataset.info.channels) { Double($0) }
    case .float32(let values): moments = Self.moments(values, dataset.info.channels) { Double($0) }
    }
  }

  private static func moments<Value>(
    _ values: [Value], _ channels: Int, _ number: (Value) -> Double
  ) -> [Moments] {
    let count = Double(values.count / channels)
    return (0..<channels).map { channel in
      var sum = 0.0
      for place in stride(from: channel, to: values.count, by: channels) { sum += number(values[place]) }
      let mean = sum / count
      var squares = 0.0
      for place in stride(from: channel, to: values.count, by: channels) {
        let distance = number(values[place]) - mean
        squares += distance * distance
      }
      return Moments(count: count, mean: mean, squares: squares)
    }
  }
}
