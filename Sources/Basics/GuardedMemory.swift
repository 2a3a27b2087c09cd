#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Memory between two inaccessible pages, ending less than 64 bytes before the second, all ones at first (not-a-numbers
/// as float32 and as bfloat16): whoever reaches beyond it ends with a signal, and whoever reads what nobody wrote is
/// seen in the result.
package final class GuardedMemory {
  package let base: UnsafeMutableRawPointer
  private let region: MemoryRegion
  private static let page = 4096
  private static let alignment = 64

  /// Whether the backend's memory is to be guarded: FCN_DIST_GUARD=1.
  package static let isWanted = ProcessEnvironment.string("FCN_DIST_GUARD") == "1"

  package init(byteCount: Int) throws {
    let aligned = (max(1, byteCount) + Self.alignment - 1) / Self.alignment * Self.alignment
    let middle = (aligned + Self.page - 1) / Self.page * Self.page
    region = try MemoryRegion(byteCount: middle + 2 * Self.page)
    let start = region.base + Self.page
    start.initializeMemory(as: UInt8.self, repeating: 0xFF, count: middle)
    for guardPage in [region.base, start + middle] {
      guard mprotect(guardPage, Self.page, PROT_NONE) == 0 else {
        throw Failure(.internalError, "cannot guard memory (\(systemErrorText()))")
      }
    }
    base = start + middle - aligned
  }

  package var floats: UnsafeMutablePointer<Float> { base.assumingMemoryBound(to: Float.self) }
}
