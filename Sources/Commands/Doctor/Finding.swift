import Basics

/// What one look came to.
package struct Finding: Equatable, Sendable {
  /// How bad a finding is.
  package enum Verdict: String, Sendable, CaseIterable, Comparable {
    case ok, warning, error

    package static func < (first: Verdict, second: Verdict) -> Bool {
      (allCases.firstIndex(of: first) ?? 0) < (allCases.firstIndex(of: second) ?? 0)
    }
  }

  package let verdict: Verdict
  /// What was looked at.
  package let subject: String
  package let text: String
  /// What to do; nil where all is well.
  package let remedy: String?

  package init(_ verdict: Verdict, _ subject: String, _ text: String, remedy: String? = nil) {
    self.verdict = verdict
    self.subject = subject
    self.text = text
    self.remedy = remedy
  }

  package init(_ verdict: Verdict, _ subject: String, _ problem: Problem) {
    self.init(verdict, subject, problem.text, remedy: problem.remedy)
  }
}

extension Finding {
  /// One finding for each different problem, naming the ranks that met it where not all did.
  static func problems(
    _ subject: String, _ problems: [Problem?], verdict: Verdict = .error
  ) -> [Finding] {
    let met = problems.enumerated().filter { $0.element != nil }
    return Dictionary(grouping: met) { $0.element }.sorted { $0.value[0].offset < $1.value[0].offset }.compactMap {
      guard let problem = $0.key else { return nil }
      let place = $0.value.count == problems.count ? "" : ranksText($0.value.map(\.offset)) + ": "
      return Finding(verdict, subject, place + problem.text, remedy: problem.remedy)
    }
  }

  /// "rank 3", "ranks 0-2,5".
  static func ranksText(_ ranks: [Int]) -> String {
    "rank\(ranks.count == 1 ? "" : "s") \(Affinity.listText(ranks.sorted()))"
  }

  /// "512 MiB", "1.5 GiB".
  static func bytes(_ count: Int) -> String {
    count >= 1 << 30 ? "\(fixed(Double(count) / 0x1p30, 1)) GiB" : "\(count >> 20) MiB"
  }
}
