import Basics
import Detection
import Storage

/// The instances of a shard in work, as its flat arrays have them (docs/formats.md section 9). They are kept until the
/// shard is finished, 4 bytes a run: the arrays have to lie in the file in one piece, whose length is known at the end.
struct InstanceColumns {
  private var offsets: [Int64] = [0]
  private var boxes: [Float] = []
  private var classes: [UInt16] = []
  private var crowd: [UInt8] = []
  private var runOffsets: [Int64] = [0]
  private var runs: [UInt32] = []

  /// Those of the next sample.
  mutating func append(_ own: InstanceAnnotations) {
    for box in own.boxes { boxes += [box.x1, box.y1, box.x2, box.y2] }
    classes += own.classes
    crowd += own.isCrowd.map { $0 ? 1 : 0 }
    for mask in own.masks {
      runs += mask.counts
      runOffsets.append(Int64(runs.count))
    }
    offsets.append(Int64(classes.count))
  }

  func write(into group: HDF5Group) throws {
    try group.write("offsets", offsets, shape: [offsets.count])
    try group.write("boxes", boxes, shape: [classes.count, 4])
    try group.write("classes", classes, shape: [classes.count])
    try group.write("crowd", crowd, shape: [crowd.count])
    try group.write("run_offsets", runOffsets, shape: [runOffsets.count])
    try group.write("runs", runs, shape: [runs.count])
  }
}
