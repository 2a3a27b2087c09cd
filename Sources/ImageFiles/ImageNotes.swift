import Synchronization

/// Counts what was done to the pictures of a run, to be said once at its end. Any thread may add to it.
///
///     let notes = ImageNotes()
///     for path in paths { use(try ImageFile.read(path, notes: notes)) }
///     for line in notes.lines { console.line(line) }
package final class ImageNotes: Sendable {
  private struct Counts {
    var turned = 0
    var converted = 0
    var firstPages = 0
    var recovered = 0
    /// The first of those that were recovered, with the library's words.
    var example: (name: String, warning: String)?
  }

  private let counts = Mutex(Counts())

  package init() {}

  /// - Parameter name: what an example is called.
  package func add(_ facts: ImageFacts, name: String) {
    guard facts != ImageFacts() else { return }
    counts.withLock { counts in
      counts.turned += facts.isTurned ? 1 : 0
      counts.converted += facts.isFromCMYK ? 1 : 0
      counts.firstPages += facts.hasMorePages ? 1 : 0
      guard let warning = facts.warning else { return }
      counts.recovered += 1
      // The least name, so that the line does not depend on threads.
      if counts.example.map({ name < $0.name }) ?? true { counts.example = (name, warning) }
    }
  }

  /// The counts as bytes, for another process.
  package var encoded: [UInt8] {
    counts.withLock { counts in
      let numbers = [counts.turned, counts.converted, counts.firstPages, counts.recovered].map { "\($0)" }
      return Array((numbers + (counts.example.map { [$0.name, $0.warning] } ?? [])).joined(separator: "\0").utf8)
    }
  }

  /// Adds what another process counted.
  package func add(encoded bytes: [UInt8]) {
    let fields = String(decoding: bytes, as: UTF8.self).split(separator: "\0", omittingEmptySubsequences: false)
    let numbers = fields.prefix(4).compactMap { Int($0) }
    guard numbers.count == 4 else { return }
    counts.withLock { counts in
      counts.turned += numbers[0]
      counts.converted += numbers[1]
      counts.firstPages += numbers[2]
      counts.recovered += numbers[3]
      guard fields.count == 6 else { return }
      let example = (name: String(fields[4]), warning: String(fields[5]))
      if counts.example.map({ example.name < $0.name }) ?? true { counts.example = example }
    }
  }

  /// A line for each thing that happened, with its count.
  package var lines: [String] {
    counts.withLock { counts in
      func pictures(_ count: Int) -> String { count == 1 ? "1 picture was" : "\(count) pictures were" }
      var lines: [String] = []
      if counts.turned > 0 { lines.append("\(pictures(counts.turned)) turned as the EXIF orientation says") }
      if counts.converted > 0 { lines.append("\(pictures(counts.converted)) converted from CMYK to RGB") }
      if counts.firstPages > 0 {
        let files = counts.firstPages == 1 ? "1 file" : "\(counts.firstPages) files"
        lines.append("of \(files) only the first page was taken")
      }
      if let example = counts.example {
        lines.append(
          "\(pictures(counts.recovered)) taken though slightly damaged, such as \(example.name): \(example.warning)")
      }
      return lines
    }
  }
}
