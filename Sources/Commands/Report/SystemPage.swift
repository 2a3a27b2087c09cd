import Basics
import Foundation
import RunLogging
import SegmentationData
import Training

/// The page that sets systems side by side: runs, clusters, other people's label images.
struct SystemPage {
  let comparison: SystemComparison
  let pictures: [ReportPage.Picture]

  var html: String {
    let runs = comparison.systems.compactMap(\.run)
    return HTML.page(
      title: comparison.systems.map(\.name).joined(separator: ", "),
      """
      \(table)
      \(perClass("IoU", "mean IoU", { $0.confusion.meanIntersectionOverUnion }) { $0.confusion.intersectionOverUnion($1) })
      \(perClass("Boundary F-measure", "mean of images", { $0.boundary?.mean }) { $0.boundary?.value(ofClass: $1) })
      \(gallery)
      \(runs.isEmpty ? "" : RunComparison(runs: runs).sections)
      """)
  }

  private var table: String {
    let header = HTML.row(
      ["system", "mean IoU", "pixel accuracy", "class accuracy", "frequency-weighted IoU", "boundary F"], header: true)
    let values = comparison.evaluations.map { evaluation -> [Double?] in
      let confusion = evaluation.confusion
      return [
        confusion.meanIntersectionOverUnion, confusion.pixelAccuracy, confusion.meanClassAccuracy,
        confusion.frequencyWeightedIntersectionOverUnion, evaluation.boundary?.mean,
      ]
    }
    let rows = comparison.systems.indices.map { place in
      HTML.row(
        [HTML.escaped(comparison.systems[place].name)]
          + values[place].indices.map { column in
            Self.cell(values[place][column], among: values.map { $0[column] })
          })
    }
    let (dataset, first) = (comparison.dataset, comparison.evaluations[0])
    let notes = comparison.systems.compactMap(\.predictions.note).map { "<p>\(HTML.escaped($0))</p>" }
    return """
      <section><h2>Systems</h2><table>\(header)\(rows.joined())</table>
      <p>Split \(HTML.escaped(dataset.info.split)) of \(HTML.escaped(dataset.folder)): \
      \(counted(first.imageCount, "image")), \(grouped(Int(first.confusion.pixelCount))) pixels of a class. Boundary F: \
      outlines met within 0.75 % of the diagonal.</p>\(notes.joined())</section>
      """
  }

  private func perClass(
    _ title: String, _ mean: String, _ all: (Evaluation) -> Double?, _ value: (Evaluation, Int) -> Double?
  ) -> String {
    let header = HTML.row(["class"] + comparison.systems.map { HTML.escaped($0.name) }, header: true)
    let names = comparison.dataset.info.classNames
    var rows = names.indices.map { label in
      let values = comparison.evaluations.map { value($0, label) }
      return HTML.row([HTML.escaped(names[label])] + values.map { Self.cell($0, among: values) })
    }
    let means = comparison.evaluations.map(all)
    rows.append(HTML.row([mean] + means.map { Self.cell($0, among: means) }))
    return "<section><h2>\(title) of each class</h2><table>\(header)\(rows.joined())</table></section>"
  }

  /// The best of several is bold.
  private static func cell(_ value: Double?, among others: [Double?]) -> String {
    let best = others.compactMap { $0 }.max()
    let isBest = value != nil && value == best && others.count > 1 && Set(others).count > 1
    return isBest ? "<strong>\(percentage(value))</strong>" : percentage(value)
  }

  private var gallery: String {
    guard !pictures.isEmpty else { return "" }
    let isOne = comparison.systems.count == 1
    let figures = pictures.map { picture in
      let name = HTML.escaped(picture.name)
      let data = Data(picture.png).base64EncodedString()
      return
        "<figure><img alt=\"\(name)\" src=\"data:image/png;base64,\(data)\"><figcaption>\(name)</figcaption></figure>"
    }
    return """
      <section><h2>\(isOne ? "The images with most pixels wrong" : "The images on which they differ most")</h2>
      <p>\(isOne ? "Pixels" : "At each: pixels") that are right, of those that have a class.</p>
      <div class="wide">\(figures.joined(separator: "\n"))</div></section>
      """
  }
}
