import Basics

extension Dataset {
  /// - Parameter what: what needs such data, as people call it.
  /// - Throws: `Failure(.usage)` where the dataset is for another task.
  package func require(_ task: VisionTask, for what: String) throws {
    guard info.task != task else { return }
    throw Failure(
      .usage, "\(what) needs data for \(task.rawValue), and \(folder) is for \(info.task.rawValue)",
      remedy: "give another dataset")
  }
}
