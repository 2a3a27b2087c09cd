import Basics

/// A pattern of paths: `*` and `?` stand for characters of a name, `**` for any folders or none, `{split}` for the name
/// of a split.
struct PathPattern: Equatable, Sendable {
  let text: String
  private let tokens: [Token]

  private enum Token: Equatable {
    case literal(Character)
    case one
    case some
    case folders
    case split
  }

  /// What a path has where the pattern leaves it open.
  struct Match: Equatable {
    var split: String?
    /// One for each `*`, `**` and `?`, in order.
    var parts: [String]
  }

  /// - Throws: `Failure(.usage)` if it has too many wildcards or {split} twice.
  init(_ text: String) throws {
    self.text = text
    var rest = Substring(text.hasPrefix("./") ? String(text.dropFirst(2)) : text)
    var tokens: [Token] = []
    while let first = rest.first {
      if rest.hasPrefix("{split}") {
        tokens.append(.split)
        rest = rest.dropFirst(7)
      } else if rest.hasPrefix("**/") {
        tokens.append(.folders)
        rest = rest.dropFirst(3)
      } else {
        tokens.append(first == "*" ? .some : first == "?" ? .one : .literal(first))
        rest = rest.dropFirst()
      }
    }
    self.tokens = tokens
    guard tokens.count(where: { $0 == .split }) <= 1, wildcardCount <= 8 else {
      throw Failure(.usage, "the pattern '\(text)' has {split} twice or more than eight wildcards")
    }
  }

  var hasSplit: Bool { tokens.contains(.split) }
  var wildcardCount: Int { tokens.count { $0 == .some || $0 == .one || $0 == .folders } }

  /// The folder that all paths are in: the part before the first wildcard, as far as it goes in whole names.
  var folder: String {
    var prefix = ""
    for case .literal(let character) in tokens.prefix(while: { if case .literal = $0 { true } else { false } }) {
      prefix.append(character)
    }
    return prefix.lastIndex(of: "/").map { String(prefix[..<$0]) } ?? ""
  }

  /// nil: the path is not one of the pattern's.
  func match(_ path: String) -> Match? {
    var search = Search()
    return Self.fits(tokens[...], Array(path)[...], &search) ? search.match : nil
  }

  private struct Search {
    var match = Match(split: nil, parts: [])
    /// Where the rest of a path is known not to fit the rest of the pattern: nothing is tried twice.
    var failures: Set<[Int]> = []
  }

  private static func fits(
    _ tokens: ArraySlice<Token>, _ path: ArraySlice<Character>, _ search: inout Search
  ) -> Bool {
    let place = [tokens.startIndex, path.startIndex]
    guard !search.failures.contains(place) else { return false }
    if begins(tokens, path, &search) { return true }
    search.failures.insert(place)
    return false
  }

  private static func begins(
    _ tokens: ArraySlice<Token>, _ path: ArraySlice<Character>, _ search: inout Search
  ) -> Bool {
    guard let token = tokens.first else { return path.isEmpty }
    let rest = tokens.dropFirst()
    switch token {
    case .literal(let character): return path.first == character && fits(rest, path.dropFirst(), &search)
    case .one:
      guard let first = path.first, first != "/" else { return false }
      return attempt(String(first), rest, path.dropFirst(), &search)
    case .some, .split:
      let name = path.prefix { $0 != "/" }
      // The shortest first, so that what follows a wildcard is found where it first stands.
      for count in (token == .split ? 1 : 0)..<(name.count + 1) {
        let part = String(name.prefix(count))
        if token == .split {
          let before = search.match
          search.match.split = part
          if fits(rest, path.dropFirst(count), &search) { return true }
          search.match = before
        } else if attempt(part, rest, path.dropFirst(count), &search) {
          return true
        }
      }
      return false
    case .folders:
      var place = path.startIndex
      while true {
        if attempt(String(path[path.startIndex..<place]), rest, path[place...], &search) { return true }
        guard let slash = path[place...].firstIndex(of: "/") else { return false }
        place = slash + 1
      }
    }
  }

  private static func attempt(
    _ part: String, _ tokens: ArraySlice<Token>, _ path: ArraySlice<Character>, _ search: inout Search
  ) -> Bool {
    let before = search.match
    search.match.parts.append(part)
    if fits(tokens, path, &search) { return true }
    search.match = before
    return false
  }
}
