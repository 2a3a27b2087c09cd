import Basics
import SegmentationData

/// One page of predictions: images evenly spread over the input, each beside its label and its prediction.
struct PredictionSheet {
  let path: String
  let count: Int

  /// Draws the page from the class pictures that all ranks have written, or from what a classifier says.
  func write(
    _ input: PredictionInput, except failures: PredictionFailures, normalisation: Normalisation,
    from files: PredictionFiles, _ bestClasses: [String: (label: Int, probability: Double)]?
  ) throws {
    let indices = (0..<input.count).filter { !failures.contains($0) }
    guard !indices.isEmpty else { return }
    var sheet = ContactSheet(
      classNames: files.classNames, palette: files.palette,
      columns: bestClasses != nil ? 4 : files.hasTruth ? 1 : 2)
    let count = min(self.count, indices.count)
    for place in 0..<count {
      let index = indices[place * indices.count / count]
      let sample = files.shown(try input.read(index, normalisation: normalisation))
      if let bestClasses {
        guard let best = bestClasses[input.key(index)] else { continue }
        sheet.add(sample, withLabel: files.hasTruth, prediction: best)
        continue
      }
      sheet.add(sample, withLabels: files.hasTruth, predictions: [try files.classes(key: input.key(index))])
    }
    try sheet.canvas.write(to: path)
  }
}
