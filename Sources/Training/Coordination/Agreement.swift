import Basics
import Collectives

/// What all ranks must have in common before a run begins, item by item, so that a difference can be named.
package struct Agreement {
  package private(set) var items: [(name: String, value: String)] = []

  package init() {}

  /// Adds an item; `name` follows "the ranks do not agree on".
  package mutating func add(_ name: String, _ value: String) { items.append((name, value)) }

  /// Compares all ranks with rank 0.
  ///
  /// - Throws: on every rank the same `Failure`, naming the first item that differs, the ranks and both values.
  /// - Important: Collective.
  package func check(over group: any ProcessGroup) throws {
    let separator = "\u{1F}"
    let text = items.map { "\($0.name)\(separator)\($0.value)" }.joined(separator: "\u{1E}")
    let texts = try group.allGather(Array(text.utf8)).map { String(decoding: $0, as: UTF8.self) }
    guard let first = texts.first, let other = texts.firstIndex(where: { $0 != first }) else { return }
    let ours = Self.parse(first)
    let theirs = Self.parse(texts[other])
    for (name, value) in ours where Self.value(of: name, in: theirs) != value {
      let (mine, others) = Self.differingPart(value, Self.value(of: name, in: theirs) ?? "nothing")
      let differing = texts.indices.filter { Self.value(of: name, in: Self.parse(texts[$0])) != value }
      throw Failure(
        .configuration,
        "the ranks do not agree on \(name): rank 0 has \(Self.quoted(mine)), rank \(other) has \(Self.quoted(others))"
          + (differing.count > 1 ? " (\(differing.count) ranks differ from rank 0)" : ""),
        remedy: "start every rank with the same program, configuration, data and libraries, on machines of one kind")
    }
    throw Failure(.configuration, "rank \(other) has settings that rank 0 does not have")
  }

  private static func parse(_ text: String) -> [(name: String, value: String)] {
    text.split(separator: "\u{1E}").map { item in
      let parts = item.split(separator: "\u{1F}", maxSplits: 1, omittingEmptySubsequences: false)
      return (String(parts[0]), parts.count > 1 ? String(parts[1]) : "")
    }
  }

  private static func value(of name: String, in items: [(name: String, value: String)]) -> String? {
    items.first { $0.name == name }?.value
  }

  /// Of texts of several lines, those that differ first.
  private static func differingPart(_ first: String, _ second: String) -> (String, String) {
    var lines = [first, second].map { $0.split(separator: "\n", omittingEmptySubsequences: false)[...] }
    while lines.allSatisfy({ $0.count > 1 }), lines[0].first == lines[1].first { lines = lines.map { $0.dropFirst() } }
    let parts = lines.map { $0[$0.startIndex].drop { $0 == " " } }
    return (String(parts[0]), String(parts[1]))
  }

  private static func quoted(_ value: String) -> String {
    value.count > 120 ? "'\(value.prefix(117))…'" : "'\(value)'"
  }
}
