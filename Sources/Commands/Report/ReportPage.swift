import Basics
import Foundation
import RunLogging

/// A run's report: one HTML page that needs nothing beside it.
struct ReportPage {
  struct Picture {
    var name: String
    /// Takes the whole width of the page.
    var isWide = false
    var png: [UInt8]
  }

  var title: String
  var summary: RunSummary
  /// `config.yaml` of the run.
  var configuration: String
  var command: String
  var pictures: [Picture]
  /// How to make pictures, shown where there are none.
  var pictureCommand: String

  var html: String {
    HTML.page(
      title: title,
      """
      \(tiles)
      \(HTML.charts(summary.charts))
      \(classes)
      \(timing)
      \(gallery)
      <section><h2>To repeat it</h2>
      <pre>\(HTML.escaped(command))</pre>
      <details><summary>The configuration</summary><pre>\(HTML.escaped(configuration))</pre></details></section>
      """)
  }

  private var tiles: String {
    var tiles: [(String, String, String)] = []
    if let best = summary.bestEvaluation {
      for (place, (metric, value)) in best.measured.enumerated() {
        tiles.append(
          place == 0
            ? ("best \(metric.title)", percentage(value), "after step \(grouped(best.step))")
            : ("its \(metric.title)", percentage(value), "on the validation split"))
      }
    }
    if let last = summary.lastStep {
      tiles.append(("steps", grouped(last.step), "\(fixed(last.epoch, 1)) epochs"))
      tiles.append(("last loss", significant(last.loss, 3), "of training"))
    }
    if let speed = summary.imagesPerSecond {
      let time = Progress.duration(summary.trainingSeconds)
      tiles.append(("images a second", significant(speed, 3), "\(time) of training"))
    }
    let cells = tiles.map { "<div><p>\($0.0)</p><strong>\($0.1)</strong><p>\($0.2)</p></div>" }
    return "<section class=\"tiles\">\(cells.joined())</section>"
  }

  private var classes: String {
    guard let best = summary.bestEvaluation, let last = summary.lastEvaluation else { return "" }
    let lastByName = Dictionary(last.classes.map { ($0.name, $0.value) }) { first, _ in first }
    // Nobody looks for instances of the background.
    let classes = best.classes.filter { best.task != .instances || $0.value != nil || $0.name != "background" }
    let ranked = classes.sorted {
      ($0.value ?? -1, $1.name) > ($1.value ?? -1, $0.name)
    }
    let rows = ranked.map { result in
      let share = fixed(100 * (result.value ?? 0), 1)
      let bar = "<span class=\"bar\"><span style=\"width:\(share)%\"></span></span>"
      return HTML.row([
        HTML.escaped(result.name), bar, percentage(result.value),
        percentage(lastByName[result.name] ?? nil),
      ])
    }
    let header = HTML.row(
      ["class", "", "best (step \(grouped(best.step)))", "last (step \(grouped(last.step)))"], header: true)
    return
      "<section><h2>\(best.task.classMetric.title) of each class</h2><table>\(header)\(rows.joined())</table></section>"
  }

  private var timing: String {
    let parts = summary.spentSeconds
    let total = parts.reduce(0) { $0 + $1.seconds }
    guard total > 0 else { return "" }
    let colours = ["orange", "blue", "green", "grey"]
    var left = 0.0
    let bars = zip(parts, colours).map { part, colour -> String in
      defer { left += part.seconds / total * 100 }
      return
        "<span class=\"\(colour)\" style=\"left:\(fixed(left, 2))%;width:\(fixed(part.seconds / total * 100, 2))%\"></span>"
    }
    let rows = zip(parts, colours).map { part, colour in
      HTML.row([
        "<i class=\"\(colour)\"></i>\(part.name)", "\(significant(part.seconds * 1000, 3)) ms",
        percentage(part.seconds / total),
      ])
    }
    return """
      <section><h2>Where a step's time goes</h2><div class="stack">\(bars.joined())</div>
      <table>\(rows.joined())</table></section>
      """
  }

  private var gallery: String {
    guard !pictures.isEmpty else {
      return """
        <section><h2>Predictions</h2><p>There are none yet. This makes some; then make the report again:</p>
        <pre>\(HTML.escaped(pictureCommand))</pre></section>
        """
    }
    let figures = pictures.map { picture in
      let data = Data(picture.png).base64EncodedString()
      let name = HTML.escaped(picture.name)
      return
        "<figure\(picture.isWide ? " class=\"wide\"" : "")><img alt=\"\(name)\" src=\"data:image/png;base64,\(data)\"></figure>"
    }
    return "<section><h2>Predictions</h2><div class=\"gallery\">\(figures.joined(separator: "\n"))</div></section>"
  }
}
