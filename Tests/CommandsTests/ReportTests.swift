import Commands
import Foundation
import TestSupport
import Testing
import Training

@Suite struct AxisScaleTests {
  @Test(arguments: [
    ([0.0, 1.0], 4, ["0.00", "0.25", "0.50", "0.75", "1.00"]), ([0.0, 92.5], 4, ["0", "25", "50", "75", "100"]),
    ([0.0, 3e-4], 4, ["0", "0.00010", "0.00020", "0.00030"]), ([], 4, ["0.00", "0.25", "0.50", "0.75", "1.00"]),
    ([-3.0, 7.0], 4, ["-5.0", "-2.5", "0.0", "2.5", "5.0", "7.5"]),
  ])
  func marksAreRound(values: [Double], count: Int, expected: [String]) {
    let scale = AxisScale(covering: values, count: count)
    #expect(scale.ticks.map(scale.label) == expected, "\(scale.ticks.map(scale.label))")
    #expect(values.allSatisfy { (0...1).contains(scale.position(of: $0)) })
  }

  @Test(arguments: [[5.0], [0, 0], [.nan, 2], [-1e-300, 1e-300], [1e300], [-7], [.infinity]])
  func strangeValuesGiveAnAxis(values: [Double]) {
    let scale = AxisScale(covering: values, count: 4)
    #expect(scale.upper > scale.lower && scale.ticks.count >= 2 && scale.ticks.count <= 101)
  }
}

@Suite struct ReportTests {
  private static func makeRun(in folder: String, _ lines: [String]) throws {
    try Data((lines.joined(separator: "\n") + "\n").utf8).write(to: URL(fileURLWithPath: folder + "/metrics.jsonl"))
    try Data("model: {fc: 16} # <script>alert(1)</script>\n".utf8).write(
      to: URL(fileURLWithPath: folder + "/config.yaml"))
  }

  private static func step(_ number: Int, loss: String) -> String {
    """
    {"kind": "step", "step": \(number), "epoch": 0.5, "loss": \(loss), "learning_rate": 0.01, \
    "images_per_second": 4.5, "seconds": {"data": 0.1, "compute": 0.2, "exchange": 0.3, "update": 0.4}}
    """
  }

  @Test(.enabled(if: Python.isAvailable)) func thePageIsWholeAndNeedsNothingElse() throws {
    try withTool { tool in
      var lines = (1...700).map { Self.step($0, loss: $0 == 9 ? "null" : "\(1.0 / Double($0))") }
      lines.append(
        """
        {"kind": "evaluation", "step": 700, "mean_iou": 0.5, "pixel_accuracy": 0.75, "loss": 0.3, \
        "classes": {"<b>sky</b>": 0.9, "tree": 0.1, "none": null}}
        """)
      try Self.makeRun(in: tool.folder, lines + ["{\"kind\": \"st"])
      try FileManager.default.createDirectory(atPath: tool.folder + "/predictions", withIntermediateDirectories: true)
      try Data([1, 2, 3]).write(to: URL(fileURLWithPath: tool.folder + "/predictions/a-overlay.png"))
      let outcome = try tool("report .")
      #expect(outcome.exitCode == 0 && outcome.output.contains("wrote ./report.html"), "\(outcome)")
      let page = try String(contentsOfFile: tool.folder + "/report.html", encoding: .utf8)
      #expect(!page.contains("<script") && !page.contains("<b>sky") && !page.contains("http"))
      #expect(page.contains("50.00 %") && page.contains("&lt;b&gt;sky&lt;/b&gt;") && page.contains("base64,AQID"))
      #expect(try Python.run(Self.checker, tool.folder + "/report.html") == "4 charts\n")
    }
  }

  /// Checks with its own parsers that all elements are closed, and that every chart is XML with coordinates inside.
  private static let checker = """
    import sys, re, html.parser, xml.etree.ElementTree as tree
    page = open(sys.argv[1], encoding="utf-8").read()
    class Checker(html.parser.HTMLParser):
        open = []
        def handle_starttag(self, tag, attributes):
            if tag not in ("meta", "img"): self.open.append(tag)
        def handle_endtag(self, tag): assert self.open.pop() == tag, tag
        def handle_startendtag(self, tag, attributes): pass
    checker = Checker(); checker.feed(page); assert not checker.open, checker.open
    charts = re.findall("<svg.*?</svg>", page, re.S)
    for chart in charts:
        for line in tree.fromstring(chart).iter("polyline"):
            for point in line.attrib["points"].split():
                x, y = map(float, point.split(","))
                assert 0 <= x <= 560 and 0 <= y <= 260, point
    print(len(charts), "charts")
    """

  @Test func aRunThatHasJustBegunHasAReport() throws {
    for lines in [[], [Self.step(1, loss: "null")], [Self.step(1, loss: "1e308"), Self.step(2, loss: "-1e308")]] {
      try withTool { tool in
        try Self.makeRun(in: tool.folder, lines)
        #expect(try tool("report .").exitCode == 0)
      }
    }
  }

  @Test(.enabled(if: Python.isAvailable)) func runsAreCompared() throws {
    try withTool { tool in
      for (name, score) in [("wide", 0.5), ("narrow", 0.25)] {
        let folder = "\(tool.folder)/\(name)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let evaluation = """
          {"kind": "evaluation", "step": 1, "mean_iou": \(score), "pixel_accuracy": 0.75, "loss": 0.3, \
          "classes": {"<b>sky</b>": \(score)}}
          """
        try Self.makeRun(in: folder, [Self.step(1, loss: "1.5"), evaluation])
      }
      let outcome = try tool("report wide narrow --output both.html --curves both.svg")
      #expect(outcome.exitCode == 0 && outcome.output.contains("wrote both.html and both.svg"), "\(outcome)")
      let page = try String(contentsOfFile: tool.folder + "/both.html", encoding: .utf8)
      #expect(page.contains("50.00 %") && page.contains("25.00 %") && page.contains("&lt;b&gt;sky&lt;/b&gt;"))
      #expect(!page.contains("<b>sky") && !page.contains("http"))
      #expect(try Python.run(Self.checker, tool.folder + "/both.html") == "2 charts\n")
      let names =
        "import sys, xml.etree.ElementTree as t; print(*sorted(x.text for x in t.parse(sys.argv[1]).iter() "
        + "if x.text in ('wide', 'narrow')))"
      #expect(try Python.run(names, tool.folder + "/both.svg") == "narrow wide\n")
      #expect(!FileManager.default.fileExists(atPath: tool.folder + "/wide/report.html"))
      #expect(try tool("report wide nowhere").exitCode == 66)
      #expect(try tool("report wide wide wide wide wide wide wide").exitCode == 64)
    }
  }

  @Test func whatIsNoRunIsRefused() throws {
    try withTool { tool in
      let outcome = try tool("report nowhere")
      #expect(outcome.exitCode == 66)
      #expect(outcome.errors.hasPrefix("fcn-dist: error: nowhere is not a run's folder"))
    }
  }
}

@Suite struct EvaluationReportTests {
  private let report = EvaluationReport(
    split: "val", classNames: ["sky", "tree", "rare"],
    evaluation: Evaluation(
      confusion: ConfusionMatrix(classCount: 3, counts: [6, 2, 0, 1, 3, 0, 0, 0, 0]), imageCount: 2, loss: 0.5))

  @Test func jsonIsWhatTheContractSays() throws {
    let object = try JSONSerialization.jsonObject(with: Data(report.json.line.utf8))
    let fields = try #require(object as? [String: Any])
    #expect(
      Set(fields.keys) == [
        "split", "images", "pixels", "pixel_accuracy", "mean_class_accuracy", "mean_iou", "frequency_weighted_iou",
        "loss", "classes", "confusion",
      ])
    #expect(fields["images"] as? Int == 2 && fields["pixels"] as? Int == 12)
    #expect(fields["pixel_accuracy"] as? Double == 0.75)
    // sky 6 / (8 + 7 - 6), tree 3 / (4 + 5 - 3); rare occurs nowhere and does not count.
    #expect(fields["mean_iou"] as? Double == (6.0 / 9 + 3.0 / 6) / 2)
    let classes = try #require(fields["classes"] as? [[String: Any]])
    #expect(classes.map { $0["name"] as? String } == ["sky", "tree", "rare"])
    #expect(classes[2]["iou"] is NSNull && classes[0]["pixels"] as? Int == 8)
    #expect(fields["confusion"] as? [[Int]] == [[6, 2, 0], [1, 3, 0], [0, 0, 0]])
  }

  @Test func theTableLinesUp() {
    let lines = report.table.split(separator: "\n").prefix(5)
    #expect(Set(lines.map(\.count)).count == 1, "\(report.table)")
    #expect(lines[3].hasPrefix("rare") && lines[3].contains(" - "))
  }
}
