import Basics
import RunLogging

/// Several runs beside each other on one page.
struct RunComparison {
  struct Run {
    var name: String
    var summary: RunSummary
  }

  let runs: [Run]

  /// As many runs as there are colours to tell them apart.
  static let limit = colours.count
  private static let colours = ["blue", "orange", "green", "violet", "red", "grey"]

  var html: String {
    HTML.page(title: runs.map(\.name).joined(separator: ", "), "\(HTML.charts([meanIoU, loss]))\n\(table)\n\(classes)")
  }

  /// The validation mean IoU of all runs.
  var meanIoU: LineChart {
    chart("Validation mean IoU (%)", isMarked: true) { summary in
      summary.metrics.evaluations.map { (Double($0.step), 100 * $0.meanIntersectionOverUnion) }
    }
  }

  private var loss: LineChart { chart("Training loss", isMarked: false, \.smoothedLoss) }

  private func chart(
    _ title: String, isMarked: Bool, _ points: (RunSummary) -> [(x: Double, y: Double)]
  ) -> LineChart {
    let series = zip(runs, Self.colours).map { run, colour in
      LineChart.Series(name: run.name, colour: colour, points: points(run.summary), isMarked: isMarked)
    }
    let last = series.flatMap(\.points).map(\.x).max() ?? 1
    return LineChart(title: title, series: series, span: 0...last)
  }

  private var table: String {
    let header = HTML.row(
      ["run", "best mean IoU", "its pixel accuracy", "after step", "steps", "images a second", "training"],
      header: true)
    let rows = zip(runs, Self.colours).map { run, colour in
      let (summary, best) = (run.summary, run.summary.bestEvaluation)
      return HTML.row([
        "<i class=\"\(colour)\"></i>\(HTML.escaped(run.name))", percentage(best?.meanIntersectionOverUnion),
        percentage(best?.pixelAccuracy), best.map { grouped($0.step) } ?? "-",
        summary.lastStep.map { grouped($0.step) } ?? "-",
        summary.imagesPerSecond.map { significant($0, 3) } ?? "-", Progress.duration(summary.trainingSeconds),
      ])
    }
    return "<section><h2>Runs</h2><table>\(header)\(rows.joined())</table></section>"
  }

  /// The best evaluation of each run, class by class in the order of the first run that has one.
  private var classes: String {
    let results = runs.map { run in
      Dictionary((run.summary.bestEvaluation?.classes ?? []).map { ($0.name, $0.intersectionOverUnion) }) { $1 }
    }
    var names: [String] = []
    for run in runs {
      for result in run.summary.bestEvaluation?.classes ?? [] where !names.contains(result.name) {
        names.append(result.name)
      }
    }
    guard !names.isEmpty else { return "" }
    let header = HTML.row(["class"] + runs.map { HTML.escaped($0.name) }, header: true)
    let rows = names.map { name in
      HTML.row([HTML.escaped(name)] + results.map { percentage($0[name] ?? nil) })
    }
    return "<section><h2>IoU of each class, best evaluation</h2><table>\(header)\(rows.joined())</table></section>"
  }
}
