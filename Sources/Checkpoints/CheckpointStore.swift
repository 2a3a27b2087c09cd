import Basics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// The folder of a run's checkpoints: `step-000001200.h5`, and `latest.h5` and `best.h5` that point to one of them.
package final class CheckpointStore {
  package let folder: String
  /// The newest checkpoint that was read in full by this process, when it was written or looked for.
  private var lastVerifiedStep: Int?

  /// Told of every point that the writing of a step's checkpoint has come to.
  private let reached: @Sendable (CheckpointPoint, Int) -> Void
  /// The step of the checkpoint that was saved last.
  private var savedStep = 0

  /// The folder need not exist before something is saved.
  package init(folder: String, reached: @escaping @Sendable (CheckpointPoint, Int) -> Void = { _, _ in }) {
    self.folder = folder
    self.reached = reached
  }

  /// The file name of the checkpoint after `step` updates.
  package static func name(ofStep step: Int) -> String {
    let digits = String(step)
    return "step-" + String(repeating: "0", count: max(0, 9 - digits.count)) + digits + ".h5"
  }

  /// The path of the checkpoint after `step` updates.
  package func path(ofStep step: Int) -> String { "\(folder)/\(Self.name(ofStep: step))" }

  /// Steps of which there is a file, ascending.
  package func steps() throws -> [Int] { try FolderListing.names(in: folder).compactMap(Self.step(ofName:)).sorted() }

  /// The step that `latest.h5` or `best.h5` points to, if it does.
  package var latestStep: Int? { step(behind: "latest.h5") }
  package var bestStep: Int? { step(behind: "best.h5") }

  /// Writes a checkpoint, reads it back and makes it the latest.
  ///
  /// A file of the same step is left as it is where it holds the same, and replaced where it is damaged.
  ///
  /// - Parameter replacing: whether an intact file of the same step that holds something else is replaced too.
  /// - Returns: the path.
  /// - Throws: as `CheckpointWriter.write`; `Failure(.cannotCreate)` for an intact file with another content.
  @discardableResult
  package func save(_ state: CheckpointState, replacing: Bool = false) throws -> String {
    try createFolder()
    let path = path(ofStep: state.step)
    let isThere = replacing ? false : try holdsTheSame(path, state)
    savedStep = state.step
    if !isThere { try CheckpointWriter.write(state, to: path, replacing: true) { reached($0, state.step) } }
    lastVerifiedStep = max(state.step, lastVerifiedStep ?? 0)
    try link("latest.h5", to: state.step)
    reached(.linked, state.step)
    return path
  }

  /// Makes the checkpoint of `step` the best.
  package func markBest(_ step: Int) throws {
    try link("best.h5", to: step)
    reached(.marked, step)
  }

  /// The newest checkpoint that can be read in full; nil if there is none at all.
  ///
  /// - Parameter warn: told of every newer one that is damaged.
  /// - Throws: `Failure(.badData)` naming all of them, if there are only damaged ones.
  package func newestGood(warn: (String) -> Void) throws -> CheckpointReader? {
    var problems: [String] = []
    for step in try steps().reversed() {
      do {
        let reader = try CheckpointReader(path(ofStep: step))
        try reader.verify()
        guard reader.state.step == step else {
          throw Failure(.badData, "\(reader.path) holds step \(reader.state.step)")
        }
        lastVerifiedStep = step
        return reader
      } catch let failure as Failure {
        warn("\(failure.message); trying the checkpoint before it")
        problems.append(failure.message)
      }
    }
    if problems.isEmpty { return nil }
    throw Failure(
      .badData,
      "none of the \(problems.count) checkpoints in \(folder) can be used: \(problems.joined(separator: "; "))",
      remedy: "start anew in another output folder, or put a good copy there")
  }

  /// Removes all but the newest `keep` checkpoints, the best, the latest and the newest that is known to be good, and
  /// what killed writers left.
  ///
  /// - Returns: the steps whose files were removed.
  @discardableResult
  package func prune(keep: Int) throws -> [Int] {
    try TemporaryFile.removeLeftovers(in: folder)
    let steps = try steps()
    var removable = Set(steps.dropLast(max(1, keep)))
    guard !removable.isEmpty else { return [] }
    // Without a checkpoint that was verified the older ones may be all there is.
    if lastVerifiedStep == nil { _ = try newestGood { _ in } }
    for step in [lastVerifiedStep, bestStep, latestStep].compactMap({ $0 }) { removable.remove(step) }
    let removed = removable.sorted().filter { step in
      defer { reached(.pruning, savedStep) }
      return unlink(path(ofStep: step)) == 0
    }
    if !removed.isEmpty { try FileBytes.synchronise(folder) }
    reached(.pruned, savedStep)
    return removed
  }

  /// Removes the temporary files of writers that were killed.
  ///
  /// - Returns: their names.
  @discardableResult
  package func removeLeftovers() throws -> [String] { try TemporaryFile.removeLeftovers(in: folder) }

  private static func step(ofName name: String) -> Int? {
    guard name.hasPrefix("step-"), name.hasSuffix(".h5") else { return nil }
    let digits = name.dropFirst(5).dropLast(3)
    guard digits.allSatisfy(\.isASCII), let step = Int(digits), step >= 0, Self.name(ofStep: step) == name else {
      return nil
    }
    return step
  }

  private func step(behind link: String) -> Int? {
    var buffer = [CChar](repeating: 0, count: 4096)
    let length = readlink("\(folder)/\(link)", &buffer, buffer.count)
    guard length > 0 else { return nil }
    return Self.step(ofName: String(decoding: buffer.prefix(length).map(UInt8.init(bitPattern:)), as: UTF8.self))
  }

  /// Whether an intact file is there already that need not be written again.
  private func holdsTheSame(_ path: String, _ state: CheckpointState) throws -> Bool {
    guard access(path, F_OK) == 0 else { return false }
    let present: String
    do { present = try CheckpointReader(path).state.digest() } catch let failure as Failure {
      // An error of the disk says nothing about the file: it is not replaced.
      if failure.kind == .badData { return false }
      throw failure
    }
    guard try present == state.digest() else {
      throw Failure(
        .cannotCreate, "\(path) exists already and holds another training's state",
        remedy: "choose another --output, or remove that file")
    }
    return true
  }

  private func createFolder() throws {
    if mkdir(folder, 0o777) == 0 { return try Folder.synchroniseName(of: folder) }
    guard errno == EEXIST else {
      throw Failure(.cannotCreate, "cannot create the folder \(folder) (\(systemErrorText()))")
    }
  }

  /// Points a link to a checkpoint, by a relative name so that the folder can be moved, and at once.
  private func link(_ name: String, to step: Int) throws {
    let path = "\(folder)/\(name)"
    let temporary = TemporaryFile(for: path)
    defer { temporary.discard() }
    guard symlink(Self.name(ofStep: step), temporary.path) == 0, rename(temporary.path, path) == 0 else {
      throw Failure(.cannotCreate, "cannot point \(path) to \(Self.name(ofStep: step)) (\(systemErrorText()))")
    }
    try FileBytes.synchronise(folder)
  }
}
