import Foundation

/// What a sample is called: one or more of A-Z a-z 0-9 . _ - (and not "." or "..", which mean something else).
package enum SampleKey {
  /// Whether a key may stand in a shard (docs/formats.md section 3).
  package static func isValid(_ key: String) -> Bool {
    !key.isEmpty && key != "." && key != ".." && key.utf8.allSatisfy(isAllowed)
  }

  /// A key made of a file's name without its ending: other scripts are written in Latin letters, other characters
  /// become "_".
  package static func make(fromFileName name: String) -> String { clean(SourceFolder.stem(name)) }

  /// Keys for paths without endings, all different: the last part of each path, with as many of the folders before it
  /// as tell them apart, and numbers where nothing else does.
  package static func unique(_ paths: [String]) -> [String] {
    let parts = paths.map { path in path.split(separator: "/").filter { $0 != "." && $0 != ".." }.map { clean($0) } }
    let deepest = max(1, parts.map(\.count).max() ?? 1)
    var best: (keys: [String], different: Int) = ([], -1)
    for depth in 1...deepest {
      let keys = parts.map { $0.isEmpty ? "_" : $0.suffix(depth).joined(separator: "-") }
      let different = Set(keys).count
      if different > best.different { best = (keys, different) }
      if different == keys.count { break }
    }
    return numbered(best.keys)
  }

  private static func numbered(_ keys: [String]) -> [String] {
    var counts: [String: Int] = [:]
    var taken = Set(keys)
    return keys.map { key in
      let count = counts[key, default: 0] + 1
      counts[key] = count
      guard count > 1 else { return key }
      var number = count
      while !taken.insert("\(key)-\(number)").inserted { number += 1 }
      return "\(key)-\(number)"
    }
  }

  private static func clean(_ part: some StringProtocol) -> String {
    let text = String(part)
    let isPlain = text.utf8.allSatisfy { $0 < 128 }
    let latin = isPlain ? text : text.applyingTransform(.toLatin, reverse: false) ?? text
    return cleaned(isPlain ? latin : latin.applyingTransform(.stripDiacritics, reverse: false) ?? latin)
  }

  private static func cleaned(_ latin: String) -> String {
    var key = ""
    for character in latin {
      let bytes = character.utf8
      key += bytes.allSatisfy(isAllowed) ? String(character) : "_"
    }
    return isValid(key) ? key : "_" + key
  }

  private static func isAllowed(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
      true
    default: false
    }
  }
}
