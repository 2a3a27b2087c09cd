import Basics

/// What one look came to.
package struct Finding: Equatable, Sendable {
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
  /// "512 MiB", "1.5 GiB".
  static func bytes(_ count: Int) -> String {
    count >= 1 << 30 ? "\(fixed(Double(count) / 0x1p30, 1)) GiB" : "\(count >> 20) MiB"
  }
}
