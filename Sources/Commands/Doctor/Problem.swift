import Basics

/// An error that one rank met, on its way to the rank that speaks.
package struct Problem: Codable, Equatable, Hashable, Sendable {
  package let text: String
  package let remedy: String?

  package init(_ text: String, remedy: String? = nil) {
    self.text = text
    self.remedy = remedy
  }

  package init(_ error: any Error) {
    if let failure = error as? Failure {
      self.init(failure.message, remedy: failure.remedy)
    } else {
      self.init("\(error)")
    }
  }

  /// Runs `body`; what it throws becomes a problem.
  static func catching<Value>(_ body: () throws -> Value) -> Result<Value, Caught> {
    do {
      return .success(try body())
    } catch {
      return .failure(Caught(problem: Problem(error)))
    }
  }

  struct Caught: Error {
    let problem: Problem
  }
}

extension Result where Failure == Problem.Caught {
  var value: Success? { if case .success(let value) = self { value } else { nil } }
  var problem: Problem? { if case .failure(let caught) = self { caught.problem } else { nil } }
}
