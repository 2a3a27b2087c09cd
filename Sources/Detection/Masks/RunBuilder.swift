/// Joins pixels or pieces of a mask to runs, column after column.
struct RunBuilder {
  private var counts: [UInt32] = []
  private var current: UInt32 = 0
  private var isOne = false

  @inline(__always)
  mutating func append(_ value: Bool, count: UInt32 = 1) {
    guard count > 0 else { return }
    if value != isOne {
      counts.append(current)
      current = 0
      isOne = value
    }
    current += count
  }

  /// All runs, in their shortest form.
  consuming func finished() -> [UInt32] {
    counts.append(current)
    return counts
  }
}
