#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// A piece of memory that does not move, zero at first and aligned to 4 KiB or better. Freed with its last owner.
package final class MemoryRegion: @unchecked Sendable {
  package let base: UnsafeMutableRawPointer
  package let byteCount: Int
  private let release: (UnsafeMutableRawPointer, Int) -> Void

  /// Anonymous memory of this process, on huge pages where the system grants them.
  package init(byteCount: Int) throws {
    let page = 4096
    let size = max(page, (byteCount + page - 1) / page * page)
    guard let base = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), base != MAP_FAILED
    else {
      throw Failure(
        .internalError, "cannot get \(size / 1_048_576) MiB of memory (\(String(cString: strerror(errno))))",
        remedy: "use fewer ranks on this machine, a smaller batch.micro or smaller images")
    }
    if size >= 4 << 20 { madvise(base, size, 14 /* MADV_HUGEPAGE */) }
    self.base = base
    self.byteCount = byteCount
    release = { munmap($0, $1) }
    mappedCount = size
  }

  /// Memory that somebody else made, for example an MPI window; `release` is called once with it.
  package init(
    base: UnsafeMutableRawPointer, byteCount: Int, release: @escaping (UnsafeMutableRawPointer, Int) -> Void
  ) {
    self.base = base
    self.byteCount = byteCount
    self.release = release
    mappedCount = byteCount
  }

  private let mappedCount: Int

  deinit { release(base, mappedCount) }

  /// The region as floats, from byte `offset` on.
  package func floats(at offset: Int = 0) -> UnsafeMutablePointer<Float> {
    (base + offset).assumingMemoryBound(to: Float.self)
  }
}
