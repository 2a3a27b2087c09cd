import Basics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// The name of a shard's file: `<split>-00000-of-00004.h5`.
struct ShardName: Equatable {
  let split: String
  let index: Int
  let count: Int

  var fileName: String { "\(split)-\(Self.padded(index))-of-\(Self.padded(count)).h5" }

  init(split: String, index: Int, count: Int) {
    self.split = split
    self.index = index
    self.count = count
  }

  /// Nil where the name is not a shard's.
  init?(fileName: String) {
    let parts = fileName.split(separator: "-", omittingEmptySubsequences: false)
    guard parts.count >= 4, parts[parts.count - 2] == "of", parts[parts.count - 1].hasSuffix(".h5"),
      let index = Self.number(parts[parts.count - 3]), let count = Self.number(parts[parts.count - 1].dropLast(3))
    else { return nil }
    let split = parts.dropLast(3).joined(separator: "-")
    guard SampleKey.isValid(split) else { return nil }
    self.init(split: split, index: index, count: count)
  }

  private static func padded(_ number: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, 5 - digits.count)) + digits
  }

  private static func number(_ text: some StringProtocol) -> Int? {
    guard text.count == 5, text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else {
      return nil
    }
    return Int(text)
  }

  /// All shards in a folder, sorted by split and index.
  static func all(in folder: String) throws -> [ShardName] {
    guard let stream = opendir(folder) else {
      let code = errno
      throw Failure(
        code == ENOENT || code == ENOTDIR ? .missingInput : .inputOutput,
        "cannot list the folder \(folder) (\(systemErrorText(code)))",
        remedy: "make a dataset with `fcn-dist dataset import` or `fcn-dist dataset synthesize`")
    }
    defer { closedir(stream) }
    var shards: [ShardName] = []
    while let entry = readdir(stream) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
      if let shard = ShardName(fileName: name) { shards.append(shard) }
    }
    return shards.sorted { ($0.split, $0.count, $0.index) < ($1.split, $1.count, $1.index) }
  }
}
