import Basics
import Collectives
import Foundation

/// How much memory a rank can still get.
package struct MemoryFacts: Codable, Equatable, Sendable {
  /// Bytes that the machine or the container has left for all its ranks.
  package var available: Int
  /// Bytes of address space that this process may still map (`ulimit -v`); nil without a limit.
  package var addressSpace: Int?
  /// The folder that shared memory lies in.
  package var sharedFolder: String
  package var sharedFree: Int
  package var sharedSize: Int

  package init(available: Int, addressSpace: Int?, sharedFolder: String, sharedFree: Int, sharedSize: Int) {
    self.available = available
    self.addressSpace = addressSpace
    self.sharedFolder = sharedFolder
    self.sharedFree = sharedFree
    self.sharedSize = sharedSize
  }

  static func current() -> MemoryFacts {
    let folder = ProcessEnvironment.string("OMPI_MCA_osc_sm_backing_directory") ?? "/dev/shm"
    let shared = space(of: folder)
    let limits = [kibibytes("MemAvailable:", in: "/proc/meminfo")] + ControlGroup.memoryLeft()
    return MemoryFacts(
      available: limits.compactMap { $0 }.min() ?? 0, addressSpace: addressSpaceLeft(), sharedFolder: folder,
      sharedFree: shared?.free ?? 0, sharedSize: shared?.size ?? 0)
  }

  /// Bytes that each rank can have where the ranks of a machine share what is left.
  ///
  /// - Important: Collective over `group`.
  static func share(_ group: any ProcessGroup) throws -> Int {
    try current().available / max(1, group.nodeGroup().size)
  }

  private static func addressSpaceLeft() -> Int? {
    var limit = rlimit()
    // The name of the resource is an enumeration in one C library and a number in others.
    guard getrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit) == 0, limit.rlim_cur < UInt64(Int.max) else {
      return nil
    }
    return max(0, Int(limit.rlim_cur) - (kibibytes("VmSize:", in: "/proc/self/status") ?? 0))
  }

  /// A line "Name:  123 kB" in bytes.
  private static func kibibytes(_ name: String, in path: String) -> Int? {
    let line = SystemFile.text(path)?.split(separator: "\n").first { $0.hasPrefix(name) }
    return line?.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) }.map { $0 * 1024 }
  }

  /// Bytes of the file system that holds `path`; nil where there is none.
  static func space(of path: String) -> (free: Int, size: Int)? {
    let attributes = try? FileManager.default.attributesOfFileSystem(forPath: path)
    guard let free = attributes?[.systemFreeSize] as? NSNumber, let size = attributes?[.systemSize] as? NSNumber else {
      return nil
    }
    return (free.intValue, size.intValue)
  }
}

/// The limits of the container or of the batch job that this process is in.
enum ControlGroup {
  /// Bytes left under each limit that holds, in version 1 and 2 of control groups.
  static func memoryLeft() -> [Int] {
    var left: [Int] = []
    for line in (SystemFile.text("/proc/self/cgroup") ?? "").split(separator: "\n") {
      let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false).map(String.init)
      guard parts.count == 3 else { continue }
      if parts[0] == "0" {
        left += folders("/sys/fs/cgroup", parts[2]).compactMap {
          space($0, limit: "memory.max", used: "memory.current")
        }
      } else if parts[1].split(separator: ",").contains("memory") {
        left += folders("/sys/fs/cgroup/memory", parts[2]).compactMap {
          space($0, limit: "memory.limit_in_bytes", used: "memory.usage_in_bytes")
        }
      }
    }
    return left
  }

  /// A group and all that it lies in: each has its own limit.
  private static func folders(_ root: String, _ path: String) -> [String] {
    var folders = [root]
    for part in path.split(separator: "/") { folders.append(folders[folders.count - 1] + "/" + part) }
    return folders
  }

  private static func space(_ folder: String, limit: String, used: String) -> Int? {
    guard let limit = number("\(folder)/\(limit)"), limit < 1 << 60, let used = number("\(folder)/\(used)") else {
      return nil
    }
    // Files that were read are counted as used, and given up first.
    let statistics = (SystemFile.text("\(folder)/memory.stat") ?? "").split(separator: "\n")
    let cached = statistics.first { $0.hasPrefix("inactive_file ") }?.split(separator: " ").last.flatMap { Int($0) }
    return max(0, limit - used + (cached ?? 0))
  }

  private static func number(_ path: String) -> Int? {
    SystemFile.text(path).flatMap { Int($0.filter { !$0.isWhitespace }) }
  }
}
