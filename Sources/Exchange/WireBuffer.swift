import Basics

/// Memory for the messages of one bucket, handed out piece by piece and taken back all at once.
struct WireBuffer {
  private let region: MemoryRegion
  private var used = 0

  init(byteCount: Int) throws { region = try MemoryRegion(byteCount: byteCount) }

  static func rounded(_ byteCount: Int) -> Int { (byteCount + 63) / 64 * 64 }

  mutating func clear() { used = 0 }

  mutating func take(byteCount: Int) -> UnsafeMutableRawPointer {
    defer { used += Self.rounded(byteCount) }
    precondition(used + Self.rounded(byteCount) <= Self.rounded(region.byteCount), "a message without a place")
    return region.base + used
  }

  mutating func takeFloats(_ count: Int) -> UnsafeMutablePointer<Float> {
    take(byteCount: 4 * count).assumingMemoryBound(to: Float.self)
  }
}
