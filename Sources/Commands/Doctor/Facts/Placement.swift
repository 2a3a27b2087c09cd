import Basics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Where a rank may run, and what there would be besides.
package struct Placement: Codable, Equatable, Sendable {
  /// Logical processors in the rank's mask.
  package var processors: [Int]
  /// Those that the launcher itself may use: the machine's, as far as the job was given them.
  package var available: [Int]
  /// For each of `available`, the number of its core: equal where hardware threads share one.
  package var cores: [Int]
  /// Processors' worth of time that the container grants; nil without a quota.
  package var quota: Int?

  package init(processors: [Int], available: [Int], cores: [Int]? = nil, quota: Int? = nil) {
    self.processors = processors
    self.available = available
    self.cores = cores ?? available
    self.quota = quota
  }

  static func current() -> Placement {
    let own = Affinity.current()
    let available = launcherProcessors(atLeast: own.processors)
    return Placement(
      processors: own.processors, available: available, cores: available.map(firstOfCore), quota: own.quota)
  }

  /// mpirun binds its ranks but not itself. Without it the processors beyond the mask are somebody else's.
  private static func launcherProcessors(atLeast own: [Int]) -> [Int] {
    guard ProcessEnvironment.string("OMPI_COMM_WORLD_SIZE") != nil,
      let status = SystemFile.text("/proc/\(getppid())/status"),
      let line = status.split(separator: "\n").first(where: { $0.hasPrefix("Cpus_allowed_list:") }),
      let processors = Affinity.processorList(String(line.drop { $0 != ":" }.dropFirst())),
      let online = SystemFile.text("/sys/devices/system/cpu/online").flatMap(Affinity.processorList)
    else { return own }
    return Set(processors).intersection(online).union(own).sorted()
  }

  private static func firstOfCore(_ processor: Int) -> Int {
    let path = "/sys/devices/system/cpu/cpu\(processor)/topology/thread_siblings_list"
    return SystemFile.text(path).flatMap(Affinity.processorList)?.first ?? processor
  }
}
