import Basics

/// Whether a split fits the one that it will be used with.
enum NeighbourSplit {
  /// - Throws: `Failure(.badData)` if `folder` has the other of train and val with other classes or channels: no
  ///   training would take both.
  static func check(_ info: DatasetInfo, in folder: String) throws {
    guard let other = ["train": "val", "val": "train"][info.split], SourceFolder.isFolder(folder),
      let name = try ShardName.all(in: folder).first(where: { $0.split == other }),
      let neighbour = try? ShardIndex(path: "\(folder)/\(name.fileName)", name: name).info
    else { return }
    if neighbour.classNames != info.classNames {
      throw Failure(
        .badData,
        "\(info.split) would have \(describe(info)), and \(other) in \(folder) has \(describe(neighbour)): a training "
          + "takes both only with the same classes",
        remedy: neighbour.classCount > 24
          ? "name the same classes with --classes" : "say --classes '\(neighbour.classNames.joined(separator: ","))'")
    }
    if neighbour.channels != info.channels {
      throw Failure(
        .badData,
        "\(info.split) would have \(info.channels) channels, and \(other) in \(folder) has \(neighbour.channels)",
        remedy: "say --channels \(neighbour.channels)")
    }
  }

  private static func describe(_ info: DatasetInfo) -> String {
    let names = info.classNames.prefix(6).joined(separator: ", ")
    return "\(info.classCount) classes (\(names)\(info.classCount > 6 ? ", …" : ""))"
  }
}
