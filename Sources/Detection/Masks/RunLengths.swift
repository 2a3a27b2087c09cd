import Basics

/// A binary mask as COCO's run lengths: column after column, zeros and ones in turn, beginning with zeros.
///
/// The runs are kept in their shortest form: only the first may be empty. They add up to `height * width`.
package struct RunLengths: Equatable, Hashable, Sendable {
  package let height: Int
  package let width: Int
  package let counts: [UInt32]

  /// Checked runs; empty ones between others are taken out.
  ///
  /// - Throws: bad data where the size is not between 1 and 2^31 - 1 pixels or the runs do not add up to it.
  package init(height: Int, width: Int, counts: some Sequence<UInt32>) throws {
    try Self.check(height: height, width: width)
    var runs: [UInt32] = []
    var total = 0
    var isOne = false
    for count in counts {
      total += Int(count)
      guard total <= height * width else { break }
      if count > 0 || runs.isEmpty {
        // The value that the last run has is told by its place.
        if !runs.isEmpty && (runs.count % 2 == 0) == isOne { runs[runs.count - 1] += count } else { runs.append(count) }
      }
      isOne.toggle()
    }
    guard total == height * width else {
      throw Failure(
        .badData,
        "the runs of a mask of \(width)x\(height) pixels add up to \(total > height * width ? "more than " : "")"
          + "\(min(total, height * width)) and not to \(height * width)",
        remedy: "check the order of \"size\" (height, then width) and that \"counts\" is whole")
    }
    self.init(height: height, width: width, shortest: runs)
  }

  /// Runs known to be right and in their shortest form.
  init(height: Int, width: Int, shortest counts: [UInt32]) {
    self.height = height
    self.width = width
    self.counts = counts
  }

  /// The runs of a bitmap, [height, width] row after row, where whatever is not 0 belongs to the mask.
  ///
  /// - Throws: bad data where the bitmap has another size.
  package init(bitmap: UnsafeBufferPointer<UInt8>, height: Int, width: Int) throws {
    try Self.check(height: height, width: width)
    guard bitmap.count == height * width else {
      throw Failure(.badData, "a mask of \(width)x\(height) pixels has \(bitmap.count) values")
    }
    var builder = RunBuilder()
    for x in 0..<width {
      for y in 0..<height { builder.append(bitmap[y * width + x] != 0) }
    }
    self.init(height: height, width: width, shortest: builder.finished())
  }

  /// The runs of the pixels for which `isOne` holds.
  ///
  /// - Precondition: the size is between 1 and 2^31 - 1 pixels.
  package init(height: Int, width: Int, isOne: (_ row: Int, _ column: Int) -> Bool) {
    var builder = RunBuilder()
    for x in 0..<width {
      for y in 0..<height { builder.append(isOne(y, x)) }
    }
    self.init(height: height, width: width, shortest: builder.finished())
  }

  /// A mask without a single pixel.
  package static func empty(height: Int, width: Int) throws -> RunLengths {
    try RunLengths(height: height, width: width, counts: CollectionOfOne(UInt32(clamping: height * width)))
  }

  static func check(height: Int, width: Int) throws {
    guard height > 0, width > 0, height <= Int(Int32.max), width <= Int(Int32.max) / height else {
      throw Failure(.badData, "a mask has the size \(width)x\(height)", remedy: "give the image's size in pixels")
    }
  }

  /// Writes zeros and ones, [height, width] row after row.
  ///
  /// - Precondition: `bitmap` has `height * width` elements.
  package func fill(_ bitmap: UnsafeMutableBufferPointer<UInt8>) {
    precondition(bitmap.count == height * width)
    bitmap.update(repeating: 0)
    forEachRun { start, end in
      var (x, y) = (start / height, start % height)
      for _ in start..<end {
        bitmap[y * width + x] = 1
        y += 1
        if y == height { (x, y) = (x + 1, 0) }
      }
    }
  }

  /// Zeros and ones, [height, width] row after row.
  package func bitmap() -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: height * width) { buffer, count in
      buffer.initialize(repeating: 0)
      fill(UnsafeMutableBufferPointer(rebasing: buffer[..<(height * width)]))
      count = height * width
    }
  }

  /// Calls `body` with the half-open range of each run of ones, in pixels counted column after column.
  func forEachRun(_ body: (_ start: Int, _ end: Int) -> Void) {
    var position = 0
    for (index, count) in counts.enumerated() {
      if index % 2 == 1 { body(position, position + Int(count)) }
      position += Int(count)
    }
  }

  /// The number of pixels in the mask.
  package var area: Int {
    var sum = 0
    for index in stride(from: 1, to: counts.count, by: 2) { sum += Int(counts[index]) }
    return sum
  }

  /// The smallest box around the mask; all zeros where it is empty.
  package var boundingBox: Rectangle {
    guard counts.count > 1 else { return Rectangle(x: 0, y: 0, width: 0, height: 0) }
    var (left, top, right, bottom) = (width, height, 0, 0)
    forEachRun { start, end in
      let (first, last) = (start / height, (end - 1) / height)
      left = min(left, first)
      right = max(right, last)
      top = first < last ? 0 : min(top, start % height)
      bottom = first < last ? height - 1 : max(bottom, (end - 1) % height)
    }
    return Rectangle(
      x: Double(left), y: Double(top), width: Double(right - left + 1), height: Double(bottom - top + 1))
  }
}
