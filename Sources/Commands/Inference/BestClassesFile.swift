import Basics
import RunLogging
import Training

/// What a classifier says of images: a line on the console for each with the five likeliest classes, and all of them in
/// a CSV file (docs/formats.md section 9): `image`, then five times class and probability.
final class BestClassesFile: ScoreReceiver {
  static let name = "predictions.csv"
  private let path: String?
  private let classNames: [String]
  private let console: Console
  private var lines: [String] = []
  private var written = 0
  /// The likeliest class of each image by its key, with its probability.
  private(set) var best: [String: (label: Int, probability: Double)] = [:]
  /// Beyond so many images people read the file.
  private static let mostShown = 20

  /// - Parameter folder: where the file goes; nil: nowhere.
  init(folder: String?, classNames: [String], console: Console) {
    path = folder.map { "\($0)/\(Self.name)" }
    self.classNames = classNames
    self.console = console
    let count = min(5, classNames.count)
    lines = ["image," + (1...count).map { "class_\($0),probability_\($0)" }.joined(separator: ",")]
  }

  func write(_ logits: [Float], key: String, shape: [Int]) throws {
    let probabilities = BestClasses.probabilities(logits)
    let labels = BestClasses.best(5, of: logits)
    best[key] = (labels[0], probabilities[labels[0]])
    let cells = labels.flatMap { [Self.quoted(classNames[$0]), fixed(probabilities[$0], 6)] }
    lines.append(([Self.quoted(key)] + cells).joined(separator: ","))
    written += 1
    guard written <= Self.mostShown else { return }
    console.line(
      "\(key): " + labels.map { "\(classNames[$0]) \(percentage(probabilities[$0]))" }.joined(separator: ", "))
  }

  func finish() throws {
    if written > Self.mostShown { console.line("… and \(written - Self.mostShown) more") }
    guard let path else { return }
    try Array((lines.joined(separator: "\n") + "\n").utf8).withUnsafeBytes { try FileBytes.write($0, to: path) }
    console.line("wrote the five likeliest classes of \(counted(written, "image")) into \(path)")
  }

  /// RFC 4180.
  private static func quoted(_ text: String) -> String {
    guard text.contains(where: { ",\"\n\r".contains($0) }) else { return text }
    return "\"" + text.replacing("\"", with: "\"\"") + "\""
  }
}
