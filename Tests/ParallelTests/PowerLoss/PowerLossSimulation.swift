import Basics
import Checkpoints
import TestSupport

/// Goes through the operations of a run, takes the power away after them, and looks for a checkpoint on what is left of
/// the disk, as `--resume auto` does.
///
/// This is what ALICE (Pillai et al., OSDI 2014) and CrashMonkey (Mohan et al., "Finding Crash-Consistency Bugs with
/// Bounded Black-Box Crash Testing", OSDI 2018) do, with the promises of POSIX for a file system.
final class PowerLossSimulation {
  private let model: DiskModel
  /// Of the checkpoints, in the model.
  private let folder: String
  private let scratch = TemporaryFolder()
  /// What the run has given the name of a step.
  private var written: [Int: [UInt8]] = [:]
  /// The newest checkpoint behind which the run went on: the one that `latest.h5` was being made for.
  private(set) var announced: Int?
  private var seen: Set<[String]> = []
  private(set) var problems: [String] = []
  /// States that are not alike.
  var stateCount: Int { seen.count }

  /// - Parameters:
  ///   - path: of a folder that was recorded from its beginning.
  ///   - run: the name of the run's folder in it.
  init(of path: String, run: String) {
    model = DiskModel(of: path)
    folder = "\(run)/checkpoints"
  }

  /// - Parameter cut: called after every operation.
  func replay(
    _ operations: [FileOperation], cut: (Int, PowerLossSimulation) throws -> Void = { try $1.losePower(at: $0) }
  ) throws {
    var writes = 0
    for (index, operation) in operations.enumerated() {
      try model.apply(operation)
      note(operation)
      writes = operation.isWrite ? writes + 1 : 0
      // Within a row of writes a state is much like the one before it.
      if writes % 40 <= 1 { try cut(index, self) }
    }
  }

  /// What is found when the power goes now.
  func disk(after loss: PowerLoss) -> DiskState { loss.disk(of: model) }

  private func note(_ operation: FileOperation) {
    switch operation {
    case .rename(_, let to):
      guard let step = step(of: to), case .file(let bytes) = disk(after: .nothing)[place(of: step)] else { return }
      written[step] = bytes
    case .symbolicLink(let path, let target) where path.contains("/latest.h5"): announced = step(of: target)
    default: break
    }
  }

  /// Looks at the states that the disk may have after an operation.
  func losePower(at index: Int) throws {
    let seeds = (0..<4).map { UInt64(index * 4 + $0) }
    let losses: [PowerLoss] =
      [.nothing, .everything, .contents, .zeros, .names] + seeds.map { .later(seed: $0) }
      + seeds.map { .some(seed: $0) }
    for loss in losses {
      guard let problem = try problem(of: disk(after: loss)) else { continue }
      problems.append("after operation \(index), \(loss), step \(announced ?? 0) announced: \(problem)")
    }
  }

  /// What is wrong with a state of the disk.
  private func problem(of disk: DiskState) throws -> String? {
    var checkpoints = DiskState(folder: [:])
    if case .folder(let entries) = disk[folder] { checkpoints = DiskState(folder: entries) }
    guard seen.insert(checkpoints.summary + ["\(announced ?? 0)"]).inserted else { return nil }
    try checkpoints.write(to: scratch.file("checkpoints"))
    var warnings: [String] = []
    let found: Int?
    do {
      found = try CheckpointStore(folder: scratch.file("checkpoints")).newestGood { warnings.append($0) }?.state.step
    } catch let failure as Failure {
      return failure.message
    }
    if !warnings.isEmpty { return warnings.joined(separator: "; ") }
    if found ?? 0 < announced ?? 0 { return "\(found.map { "step \($0)" } ?? "nothing") is found" }
    return checkpoints.folder.keys.sorted().lazy.compactMap { self.problem(of: $0, in: checkpoints) }.first
  }

  /// A name of a checkpoint means that checkpoint, and a link leads to one.
  private func problem(of name: String, in checkpoints: DiskState) -> String? {
    switch checkpoints[name] {
    case .file(let bytes):
      guard let step = step(of: name), written[step] != bytes else { return nil }
      return "\(name) is not what was written"
    case .link(let target):
      if name.contains(".partial-") { return nil }
      if case .file = checkpoints[target] { return nil }
      return "\(name) leads to \(target), which is not there"
    case .folder, nil: return "\(name) is no file"
    }
  }

  private func place(of step: Int) -> String { "\(folder)/\(CheckpointStore.name(ofStep: step))" }

  private func step(of path: String) -> Int? {
    let name = path.split(separator: "/").last.map(String.init) ?? ""
    guard name.hasPrefix("step-"), name.hasSuffix(".h5") else { return nil }
    return Int(name.dropFirst(5).dropLast(3))
  }
}
