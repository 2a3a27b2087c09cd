import Basics

extension RunLengths {
  /// Pixels in at least one of the masks.
  ///
  /// - Throws: bad data where there is none or the sizes differ.
  package static func union(_ masks: [RunLengths]) throws -> RunLengths {
    try joined(masks, name: "union") { $0 || $1 }
  }

  /// Pixels in all of the masks.
  ///
  /// - Throws: bad data where there is none or the sizes differ.
  package static func intersection(_ masks: [RunLengths]) throws -> RunLengths {
    try joined(masks, name: "intersection") { $0 && $1 }
  }

  private static func joined(
    _ masks: [RunLengths], name: String, _ combine: (Bool, Bool) -> Bool
  ) throws -> RunLengths {
    guard var result = masks.first else { throw Failure(.badData, "the \(name) of no masks has no size") }
    for mask in masks.dropFirst() {
      try result.checkSameSize(as: mask)
      var builder = RunBuilder()
      result.forEachPiece(with: mask) { first, second, count in builder.append(combine(first, second), count: count) }
      result = RunLengths(height: result.height, width: result.width, shortest: builder.finished())
    }
    return result
  }

  /// - Throws: bad data where the sizes differ.
  func checkSameSize(as other: RunLengths) throws {
    guard height == other.height && width == other.width else {
      throw Failure(
        .badData, "one mask of an image has \(width)x\(height) pixels and another \(other.width)x\(other.height)",
        remedy: "give all masks of an image its size")
    }
  }

  /// Intersection over union, or over the area of this mask where the other one is of a crowd (pycocotools' `rleIou`).
  ///
  /// - Throws: bad data where the sizes differ.
  package func overlap(with truth: RunLengths, isCrowd: Bool) throws -> Double {
    try checkSameSize(as: truth)
    return unionFreeOverlap(truth, isCrowd: isCrowd)
  }

  /// The overlap of two masks of one size.
  func unionFreeOverlap(_ truth: RunLengths, isCrowd: Bool) -> Double {
    var intersection = 0
    var union = 0
    forEachPiece(with: truth) { first, second, count in
      if first && second { intersection += Int(count) }
      if first || second { union += Int(count) }
    }
    guard intersection > 0 else { return 0 }
    return Double(intersection) / Double(isCrowd ? area : union)
  }

  /// Cuts both masks into pieces in which neither changes.
  @inline(__always)
  private func forEachPiece(with other: RunLengths, _ body: (Bool, Bool, UInt32) -> Void) {
    counts.withUnsafeBufferPointer { a in
      other.counts.withUnsafeBufferPointer { b in
        var (i, j) = (0, 0)
        var (restA, restB) = (a[0], b[0])
        while true {
          let count = min(restA, restB)
          if count > 0 { body(i % 2 == 1, j % 2 == 1, count) }
          restA -= count
          restB -= count
          if restA == 0 {
            i += 1
            if i < a.count { restA = a[i] }
          }
          if restB == 0 {
            j += 1
            if j < b.count { restB = b[j] }
          }
          if i >= a.count || j >= b.count { return }
        }
      }
    }
  }
}
