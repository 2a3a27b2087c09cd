import Basics
import CSystem
import Collectives

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// May ranks of a machine read each other's memory, as MPI does to copy a message once instead of twice?
enum SingleCopyProbe {
  /// - Returns: why not, "" where it works, nil where this rank has no neighbour.
  /// - Important: Collective over `group`.
  static func run(_ group: any ProcessGroup) throws -> String? {
    let machine = try group.nodeGroup()
    defer { try? machine.close() }
    let text = Array("fcn-dist doctor".utf8)
    let own = UnsafeMutableRawBufferPointer.allocate(byteCount: text.count, alignment: 64)
    defer { own.deallocate() }
    own.copyBytes(from: text)
    let address = UInt64(UInt(bitPattern: own.baseAddress))
    let letters = try machine.allGather(withUnsafeBytes(of: (UInt64(getpid()), address)) { Array($0) })
    // Whoever has read may not leave before it has been read itself.
    defer { try? machine.barrier() }
    guard machine.size > 1 else { return nil }
    let (process, place) = letters[(machine.rank + 1) % machine.size].withUnsafeBytes {
      ($0.loadUnaligned(as: UInt64.self), $0.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
    }
    var copy = [UInt8](repeating: 0, count: text.count)
    let status = csystem_read_process(Int32(process), place, &copy, copy.count)
    if status == 0 { return copy == text ? "" : "it gives other bytes" }
    return systemErrorText(status)
  }
}
