import Basics

/// The files that cannot be taken, collected so that people mend all of them at once and not one after the other.
struct FileFailures {
  private var failures: [Failure] = []
  private var count = 0

  /// A message names at most so many; the others are counted.
  static let mostNamed = 20

  var isEmpty: Bool { count == 0 }

  /// Catches what is the fault of a file, so that others can be looked at. All else is thrown on.
  static func attempt<Value>(_ body: () throws -> Value) throws -> Result<Value, Failure> {
    do { return .success(try body()) } catch let failure as Failure where failure.isOfFile {
      return .failure(failure)
    }
  }

  /// The value, or nil where there is a failure, which is noted.
  mutating func value<Value>(of result: Result<Value, Failure>) -> Value? {
    switch result {
    case .success(let value): return value
    case .failure(let failure):
      count += 1
      if failures.count < Self.mostNamed { failures.append(failure) }
      return nil
    }
  }

  /// - Parameter total: of all files looked at.
  /// - Throws: the failure where there is one; where there are more, one that names them all.
  func check(of total: Int) throws {
    guard let first = failures.first else { return }
    if count == 1 { throw first }
    let rest = count > failures.count ? "; and \(count - failures.count) more" : ""
    throw Failure(
      .badData,
      "\(count) of \(total) samples cannot be taken: " + failures.map(\.message).joined(separator: "; ") + rest,
      remedy: failures.allSatisfy { $0.remedy == first.remedy } ? first.remedy : "mend or remove these files")
  }
}
