import Basics
import Collectives
import Model

/// The parameters, the optimizer's state, the compute copies and the trainers' gradient buffers of one machine: once in
/// memory that all its trainers share, not once per trainer.
package final class ParameterStore {
  package let table: ParameterTable
  package let slotNames: [String]
  package let memory: ParameterMemory
  /// One arena per optimizer slot (momentum; first and second moment). Only the owner's slice is up to date.
  package let optimizerSlots: [UnsafeMutablePointer<Float>]
  /// [trainer on this machine][buffer]: `table.floatCount` floats each.
  package let gradientBuffers: [[UnsafeMutablePointer<Float>]]
  let progress: MachineProgress
  private let region: MemoryRegion

  /// - Parameters:
  ///   - bufferCounts: how many gradient buffers each trainer of the machine needs.
  ///   - machine: the group of those trainers.
  /// - Important: Collective over `machine`.
  package init(table: ParameterTable, slotNames: [String], bufferCounts: [Int], machine: any ProcessGroup) throws {
    self.table = table
    self.slotNames = slotNames
    let arena = Self.arenaByteCount(table)
    let prepared = (table.preparedByteCount + 4095) / 4096 * 4096 + Self.stagger
    let arenaCount = 1 + slotNames.count + bufferCounts.reduce(0, +)
    let counters = MachineProgress.byteCount(trainers: bufferCounts.count)
    region = try machine.sharedMemory(byteCount: arenaCount * arena + prepared + counters)
    let base = region.base
    func floats(_ index: Int) -> UnsafeMutablePointer<Float> {
      (base + index * arena).assumingMemoryBound(to: Float.self)
    }
    memory = ParameterMemory(master: floats(0), prepared: base + arenaCount * arena)
    optimizerSlots = (0..<slotNames.count).map { floats(1 + $0) }
    var next = 1 + slotNames.count
    var buffers: [[UnsafeMutablePointer<Float>]] = []
    for count in bufferCounts {
      buffers.append((0..<count).map { floats(next + $0) })
      next += count
    }
    gradientBuffers = buffers
    progress = MachineProgress(base: base + arenaCount * arena + prepared, count: bufferCounts.count)
  }

  package var byteCount: Int { region.byteCount }

  /// Buffers start a few lines apart, so that streams over several of them do not meet in the same cache sets.
  private static let stagger = 4096 + 256

  /// Bytes of the parameters, of an optimizer slot or of a gradient.
  package static func arenaByteCount(_ table: ParameterTable) -> Int {
    (table.floatCount * 4 + 4095) / 4096 * 4096 + stagger
  }
}
