import Basics

/// An image file, the file of its label, and what the sample will be called.
struct ImportPair: Sendable {
  let key: String
  let image: String
  let label: String
}

/// What is to be imported as one split.
struct ImportPlan {
  var info: DatasetInfo
  let pairs: [ImportPair]

  /// - Throws: `Failure(.badData)` if there are no pairs or two of them would have the same key.
  init(_ info: DatasetInfo, pairs: [ImportPair], source: String) throws {
    guard !pairs.isEmpty else {
      throw Failure(.badData, "\(source) has no images for split '\(info.split)'")
    }
    var known: [String: ImportPair] = [:]
    for pair in pairs {
      if let other = known.updateValue(pair, forKey: pair.key) {
        throw Failure(
          .badData, "\(other.image) and \(pair.image) would both be called '\(pair.key)'",
          remedy: "rename one of them")
      }
    }
    self.info = info
    self.info.sampleCount = pairs.count
    self.pairs = pairs
  }
}
