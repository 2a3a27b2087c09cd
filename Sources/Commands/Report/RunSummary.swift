import Basics
import RunLogging

/// What a run's metrics come to, for its report.
struct RunSummary {
  let metrics: MetricsContent

  var lastStep: StepRecord? { metrics.steps.last }
  var lastEvaluation: EvaluationRecord? { metrics.evaluations.last }

  /// The first of the evaluations with the highest score.
  var bestEvaluation: EvaluationRecord? {
    var best: EvaluationRecord?
    for evaluation in metrics.evaluations where evaluation.score.isFinite {
      if evaluation.score > best?.score ?? -1 { best = evaluation }
    }
    return best
  }

  /// Seconds of all steps together, evaluations and checkpoints not counted.
  var trainingSeconds: Double { metrics.steps.reduce(0) { $0 + ($1.seconds.total.isFinite ? $1.seconds.total : 0) } }

  /// The median over all steps.
  var imagesPerSecond: Double? {
    let sorted = metrics.steps.map(\.imagesPerSecond).filter(\.isFinite).sorted()
    return sorted.isEmpty ? nil : sorted[sorted.count / 2]
  }

  /// Mean seconds of a step by what they were spent on.
  var spentSeconds: [(name: String, seconds: Double)] {
    let count = Double(max(1, metrics.steps.count))
    func mean(_ part: (StepRecord.Seconds) -> Double) -> Double {
      metrics.steps.reduce(0) { $0 + part($1.seconds) } / count
    }
    return [
      ("waiting for data", mean(\.data)), ("compute", mean(\.compute)), ("exchange", mean(\.exchange)),
      ("update", mean(\.update)),
    ]
  }

  /// The training loss, each point the mean over about a fiftieth of the training around it.
  var smoothedLoss: [(x: Double, y: Double)] {
    Self.smoothed(metrics.steps.map { (x: Double($0.step), y: $0.loss) })
  }

  var charts: [LineChart] {
    let steps = metrics.steps
    let evaluations = metrics.evaluations
    let first = max(0, (steps.first?.step ?? 1) - 1)
    let last = max(steps.last?.step ?? 1, evaluations.last?.step ?? 1, first)
    let span = Double(first)...Double(last)
    let losses = steps.map { (x: Double($0.step), y: $0.loss) }
    var charts = [
      LineChart(
        title: "Loss",
        series: [
          .init(name: "training", colour: "blue", points: smoothedLoss, raw: losses),
          .init(
            name: "validation", colour: "orange", points: evaluations.map { (Double($0.step), $0.loss) },
            isMarked: true),
        ].filter { $0.points.contains { $0.y.isFinite } }, span: span)
    ]
    if let parts = lossParts(span) { charts.append(parts) }
    if let task = evaluations.last?.task {
      let series = zip(task.metrics.enumerated(), ["blue", "green", "orange", "violet"]).map { metric, colour in
        LineChart.Series(
          name: metric.element.title, colour: colour,
          points: evaluations.map { (Double($0.step), 100 * $0.values[metric.offset]) }, isMarked: true)
      }
      charts.append(LineChart(title: "Validation (%)", series: series, span: span))
    }
    charts.append(
      LineChart(
        title: "Learning rate",
        series: [.init(name: "", colour: "green", points: steps.map { (Double($0.step), $0.learningRate) })],
        span: span))
    charts.append(
      LineChart(
        title: "Images a second",
        series: [.init(name: "", colour: "orange", points: steps.map { (Double($0.step), $0.imagesPerSecond) })],
        span: span))
    return charts
  }

  /// What the loss is the sum of; nil where it is one.
  private func lossParts(_ span: ClosedRange<Double>) -> LineChart? {
    guard let names = metrics.steps.last?.losses.map(\.name), names.count > 1 else { return nil }
    let colours = ["blue", "orange", "green", "violet", "grey"]
    let series = names.enumerated().map { place, name in
      LineChart.Series(
        name: name, colour: colours[place % colours.count],
        points: Self.smoothed(
          metrics.steps.compactMap { step in
            step.losses.first { $0.name == name }.map { (x: Double(step.step), y: $0.value) }
          }))
    }
    return LineChart(title: "Losses", series: series, span: span)
  }

  /// At each point the mean over about a fiftieth of the training around it.
  private static func smoothed(_ points: [(x: Double, y: Double)]) -> [(x: Double, y: Double)] {
    let finite = points.filter(\.y.isFinite)
    var sums = [0.0]
    for point in finite { sums.append(sums[sums.count - 1] + point.y) }
    let reach = finite.count / 100
    return finite.enumerated().map { index, point in
      let (first, end) = (max(0, index - reach), min(finite.count, index + reach + 1))
      return (point.x, (sums[end] - sums[first]) / Double(end - first))
    }
  }
}
