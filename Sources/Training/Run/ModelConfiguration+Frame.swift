import Basics
import Detection
import Model
import SegmentationData

extension ModelConfiguration {
  /// The size in which it looks for instances; nil for other tasks.
  package var frame: InstanceFrame? {
    guard architecture.task == .instances else { return nil }
    return InstanceFrame(minSize: detection.minSize, maxSize: detection.maxSize)
  }
}
