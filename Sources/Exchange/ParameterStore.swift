import Basics
import Collectives
import Model

/// The parameters, the optimizer's state, the compute copies and the trainers' gradient buffers of one machine: once in
/// memory that all its trainers share, not once per trainer.
package final class ParameterStore {
  package let table: ParameterTable
  package let optimizerStateNames: [String]
  package let memory: ParameterMemory
  /// One arena for each state of the optimizer (momentum; first and second moment). Only the owner's slice is up to
  /// date.
  package let optimizerState: [UnsafeMutablePointer<Float>]
  /// [trainer on this machine][buffer]: `table.floatCount` floats each.
  package let gradientBuffers: [[UnsafeMutablePointer<Float>]]
  let progress: MachineProgress
  private let region: MemoryRegion

  /// - Parameters:
  ///   - bufferCounts: how many gradient buffers each trainer of the machine needs.
  ///   - machine: the group of those trainers.
  /// - Important: Collective over `machine`.
  package init(table: ParameterTable, optimizerStateNames: [String], bufferCounts: [Int], machine: any ProcessGroup)
    throws
  {
    self.table = table
    self.optimizerStateNames = optimizerStateNames
    let arena = Self.arenaByteCount(table)
    let prepared = (table.preparedByteCount + 4095) / 4096 * 4096 + Self.stagger
    let arenaCount = 1 + optimizerStateNames.count + bufferCounts.reduce(0, +)
    let counters = MachineProgress.byteCount(trainers: bufferCounts.count)
    region = try machine.sharedMemory(byteCount: arenaCount * arena + prepared + counters)
    let base = region.base
    func floats(_ index: Int) -> UnsafeMutablePointer<Float> {
      (base + index * arena).assumingMemoryBound(to: Float.self)
    }
    memory = ParameterMemory(master: floats(0), prepared: base + arenaCount * arena)
    optimizerState = (0..<optimizerStateNames.count).map { floats(1 + $0) }
    var next = 1 + optimizerStateNames.count
    var buffers: [[UnsafeMutablePointer<Float>]] = []
    for count in bufferCounts {
      buffers.append((0..<count).map { floats(next + $0) })
      next += count
    }
    gradientBuffers = buffers
    progress = MachineProgress(base: base + arenaCount * arena + prepared, count: bufferCounts.count)
  }

  package var byteCount: Int { region.byteCount }

  /// The state that is a moving average of the parameters, in a training that has one.
  package static let averageName = "average"

  /// The moving average of the parameters, of all of them; nil where there is none. Only the owner's slice is up to date.
  package var average: UnsafeMutablePointer<Float>? {
    optimizerStateNames.firstIndex(of: Self.averageName).map { optimizerState[$0] }
  }

  /// Buffers start a few lines apart, so that streams over several of them do not meet in the same cache sets.
  private static let stagger = 4096 + 256

  /// Bytes of the parameters, of one state of the optimizer or of a gradient.
  package static func arenaByteCount(_ table: ParameterTable) -> Int {
    (table.floatCount * 4 + 4095) / 4096 * 4096 + stagger
  }
}
