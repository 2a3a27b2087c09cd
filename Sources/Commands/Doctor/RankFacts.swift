import Basics
import Foundation

/// What a rank finds where it runs.
struct RankFacts: Codable, Equatable {
  var host: String
  var processors: String
  var processorCount: Int
  var threads: Int
  var engine: String
  var memoryAvailable: Int
  var sharedMemoryFree: Int
  var sharedMemorySize: Int

  init(threads: Int, engine: String) {
    let affinity = Affinity.current()
    host = ProcessEnvironment.hostName
    processors = Affinity.listText(affinity.processors)
    processorCount = affinity.processors.count
    self.threads = threads
    self.engine = engine
    memoryAvailable = Self.memoryAvailable()
    let shared = Self.space(of: "/dev/shm")
    sharedMemoryFree = shared?.free ?? 0
    sharedMemorySize = shared?.size ?? 0
  }

  /// Bytes that programs can still get without swapping; 0 where the system does not say.
  private static func memoryAvailable() -> Int {
    let lines = (SystemFile.text("/proc/meminfo") ?? "").split(separator: "\n")
    let line = lines.first { $0.hasPrefix("MemAvailable:") }
    let number = line?.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) }
    return (number ?? 0) * 1024
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
