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
    HTML.page(title: runs.map(\.name).joined(separator: ", "), sections)
  }

  /// The page without its frame.
  var sections: String { "\(HTML.charts([score, loss]))\n\(table)\n\(classes)" }

  private var task: VisionTask { runs.compactMap(\.summary.lastEvaluation?.task).first ?? .semantic }

  /// The score that decides which evaluation is the best, of all runs.
  var score: LineChart {
    chart("Validation \(task.metrics[0].title) (%)", isMarked: true) { summary in
      summary.metrics.evaluations.map { (Double($0.step), 100 * $0.score) }
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
      [
        "run", "best \(task.metrics[0].title)", "its \(task.metrics[1].title)", "after step", "steps",
        "images a second", "training",
      ],
      header: true)
    let rows = zip(runs, Self.colours).map { run, colour in
      let (summary, best) = (run.summary, run.summary.bestEvaluation)
      return HTML.row([
        "<i class=\"\(colour)\"></i>\(HTML.escaped(run.name))", percentage(best?.score),
        percentage(best?.values[1]), best.map { grouped($0.step) } ?? "-",
        summary.lastStep.map { grouped($0.step) } ?? "-",
        summary.imagesPerSecond.map { significant($0, 3) } ?? "-", Progress.duration(summary.trainingSeconds),
      ])
    }
    return "<section><h2>Runs</h2><table>\(header)\(rows.joined())</table></section>"
  }

  /// The best evaluation of each run, class by class in the order of the first run that has one.
  private var classes: String {
    let results = runs.map { run in
      Dictionary((run.summary.bestEvaluation?.classes ?? []).map { ($0.name, $0.value) }) { $1 }
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
    return
      "<section><h2>\(task.classMetric.title) of each class, best evaluation</h2><table>\(header)\(rows.joined())</table></section>"
  }
}
