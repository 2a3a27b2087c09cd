/// Places in the protocol by which a checkpoint comes to be, in their order. A process may die at any of them.
package enum CheckpointPoint: String, CaseIterable, Sendable {
  /// The temporary file is there, empty.
  case created
  /// Parameters are written, the rest is not.
  case half
  /// Everything is written and sealed, maybe not on the disk.
  case sealed
  /// On the disk.
  case synced
  /// Read back and compared with its checksums.
  case verified
  /// Under its own name, which may not be on the disk.
  case renamed
  /// The folder is on the disk too.
  case committed
  /// `latest.h5` points to it.
  case linked
  /// `best.h5` points to it.
  case marked
  /// One of the files that are no longer kept is removed.
  case pruning
  /// All of them.
  case pruned
}
