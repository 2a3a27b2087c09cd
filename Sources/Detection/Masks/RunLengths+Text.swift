import Basics

/// COCO's text for runs: each count, less the one before the last from the fourth on, in groups of 5 bits, the lowest
/// first, as characters from "0" (48) on, with 32 added where more follow.
extension RunLengths {
  /// The text that pycocotools writes as "counts".
  package var text: String {
    var bytes: [UInt8] = []
    for (index, count) in counts.enumerated() {
      var rest = Int(count) - (index > 2 ? Int(counts[index - 2]) : 0)
      var hasMore = true
      while hasMore {
        let group = rest & 0x1F
        rest >>= 5
        hasMore = group & 0x10 != 0 ? rest != -1 : rest != 0
        bytes.append(UInt8(48 + group + (hasMore ? 32 : 0)))
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// - Throws: bad data where the text has another character, ends within a count, or does not fit the size.
  package init(height: Int, width: Int, text: String) throws {
    try Self.check(height: height, width: width)
    var runs: [UInt32] = []
    var value = 0
    var shift = 0
    for (place, character) in text.utf8.enumerated() {
      guard (48..<112).contains(character) else {
        throw Failure(.badData, "character \(place + 1) of a mask's \"counts\" is not one of COCO's (0 to o)")
      }
      let group = Int(character) - 48
      guard shift <= 35 else {
        throw Failure(.badData, "a run at character \(place + 1) of a mask's \"counts\" has no end")
      }
      value |= (group & 0x1F) << shift
      shift += 5
      if group & 0x20 != 0 { continue }
      if group & 0x10 != 0 { value |= -1 << shift }
      if runs.count > 2 { value += Int(runs[runs.count - 2]) }
      guard let run = UInt32(exactly: value), value <= height * width else {
        throw Failure(
          .badData, "run \(runs.count + 1) of a mask of \(width)x\(height) pixels has the length \(value)",
          remedy: "check the order of \"size\" (height, then width) and that \"counts\" is whole")
      }
      runs.append(run)
      (value, shift) = (0, 0)
    }
    guard shift == 0 else { throw Failure(.badData, "a mask's \"counts\" ends within a run") }
    try self.init(height: height, width: width, counts: runs)
  }
}
