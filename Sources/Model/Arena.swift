import Basics

/// Memory that several plans use in turn: as large as the largest of them needs.
final class Arena {
  private var region: MemoryRegion?
  /// The plan whose values are in the arena.
  private var user: ObjectIdentifier?

  var base: UnsafeMutableRawPointer {
    guard let region else { preconditionFailure("an arena that nothing was reserved in") }
    return region.base
  }

  /// Contents are lost where the arena grows.
  func reserve(byteCount: Int) throws {
    if let region, region.byteCount >= byteCount { return }
    // First give the old memory back: the two need not fit together.
    region = nil
    user = nil
    region = try MemoryRegion(byteCount: byteCount)
  }

  func claim(for plan: AnyObject) { user = ObjectIdentifier(plan) }
  func isClaimed(by plan: AnyObject) -> Bool { user == ObjectIdentifier(plan) }
}
