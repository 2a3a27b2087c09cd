import Basics
import Collectives
import SegmentationData
import Training

/// Several systems on one split: what each scores, and where they differ.
struct SystemComparison {
  /// An image on which not all systems say the same.
  struct Difference {
    let index: Int
    /// Of the pixels that have a class: the share that is not the same in all systems; of one system the share that
    /// is wrong.
    let share: Double
  }

  let dataset: Dataset
  let systems: [ComparedSystem]
  /// One for each system.
  let evaluations: [Evaluation]
  /// The images that differ, the most different first.
  let differences: [Difference]

  /// - Parameter progress: called with the images done.
  /// - Throws: as `ForeignPredictions.evaluate`.
  init(_ systems: [ComparedSystem], _ dataset: Dataset, progress: (Int) -> Void) throws {
    let solo = SoloProcessGroup()
    var predictions = systems.map(\.predictions)
    for place in predictions.indices { try predictions[place].settle(over: solo) }
    var tallies = systems.map { _ in PixelTally(classCount: dataset.info.classCount) }
    var differences: [Difference] = []
    var raw = RawSample()
    for index in 0..<dataset.sampleCount {
      try dataset.readLabels(index, into: &raw)
      let labels = try predictions.map { try $0.labels(index, truth: raw.labels) }
      for place in tallies.indices {
        tallies[place].accumulate(
          labels: raw.labels, predictions: labels[place], height: raw.height, width: raw.width,
          ignoreLabel: dataset.info.ignoreValue)
      }
      let share = Self.difference(labels, raw.labels, dataset.info)
      if share > 0 { differences.append(Difference(index: index, share: share)) }
      progress(index + 1)
    }
    self.dataset = dataset
    self.systems = zip(systems, predictions).map { ComparedSystem(name: $0.name, predictions: $1, run: $0.run) }
    evaluations = tallies.map(\.evaluation)
    self.differences = differences.sorted { ($0.share, $1.index) > ($1.share, $0.index) }
  }

  private static func difference(_ systems: [[UInt16]], _ truth: [UInt16], _ info: DatasetInfo) -> Double {
    let compared = systems.count > 1 ? Array(systems.dropFirst()) : [truth]
    var (different, all) = (0, 0)
    for place in truth.indices where truth[place] != info.ignoreValue && Int(truth[place]) < info.classCount {
      all += 1
      if compared.contains(where: { $0[place] != systems[0][place] }) { different += 1 }
    }
    return all == 0 ? 0 : Double(different) / Double(all)
  }

  /// The image, its label, and what each system says of it, with how much of it is right.
  func picture(_ difference: Difference) throws -> Canvas {
    let sample = try dataset.read(difference.index)
    let info = dataset.info
    func coloured(_ labels: [UInt16]) -> Canvas {
      Overlay.coloured(
        labels, width: sample.width, height: sample.height, palette: info.palette, classCount: info.classCount)
    }
    var panels = [SystemPanel(caption: sample.key, picture: Canvas(sample))]
    panels.append(SystemPanel(caption: "label", picture: coloured(sample.labels)))
    var seen = Set(sample.labels)
    for system in systems {
      let labels = try system.predictions.labels(difference.index, truth: sample.labels)
      seen.formUnion(labels)
      var tally = ConfusionMatrix(classCount: info.classCount)
      sample.labels.withUnsafeBufferPointer { truth in
        labels.withUnsafeBufferPointer {
          tally.accumulate(labels: truth, predictions: $0, ignoreLabel: info.ignoreValue)
        }
      }
      let right = "\(fixed(100 * tally.pixelAccuracy, 1)) %"
      panels.append(SystemPanel(caption: system.name, note: right, picture: coloured(labels)))
    }
    let classes = info.classNames.indices.filter { seen.contains(UInt16($0)) }
    return SystemPanel.row(
      panels,
      legend: Legend(
        classes.map { .init(name: info.classNames[$0], colour: Colour(label: $0, palette: info.palette)) }))
  }
}
