/// Names in a checkpoint file (docs/formats.md section 4).
package enum CheckpointLayout {
  static let format = "fcn-dist-checkpoint"
  static let version: Int64 = 1
  static let model = "model"
  static let parameters = "parameters"
  static let optimizer = "optimizer"
  static let training = "training"
  static let configuration = "config"
  static let history = "history"
  static let provenance = "provenance"
  /// The optimizer's state that is a moving average of the parameters.
  package static let average = "average"
  package static let toolVersion = "tool_version"
  /// Before the names of what a schedule remembers, among the attributes of /training.
  static let schedulePrefix = "schedule_"
  /// From this size on a dataset is cut into chunks with checksums of their own.
  static let chunkedByteCount = 64 << 10
}
