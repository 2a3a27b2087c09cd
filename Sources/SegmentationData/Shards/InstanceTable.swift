import Basics
import Detection
import Storage

/// Where a shard keeps its instances: flat arrays over all of them, in the samples' order (docs/formats.md section 9).
struct InstanceTable: Sendable {
  /// In the samples' order, one more than there are.
  let sampleOffsets: [Int64]
  private let runOffsets: [Int64]
  private let boxes: Int
  private let classes: Int
  private let crowd: Int
  private let runs: Int

  /// - Parameters:
  ///   - root: of a shard for the task `instances`.
  ///   - path: its file, for messages.
  /// - Throws: `Failure` naming the file and the array that is not what the format wants.
  init(_ root: HDF5Group, sampleCount: Int, _ path: String) throws {
    let group: HDF5Group
    do { group = try root.group("instances") } catch let failure as Failure {
      throw Failure(
        .badData, "\(path) has no group /instances (\(failure.message))",
        remedy: "a dataset for instances has one (docs/formats.md section 9)")
    }
    func array(_ name: String, _ type: HDF5ElementType, columns: Int? = nil) throws -> HDF5Dataset {
      let dataset = try group.dataset(name)
      let form = columns.map { [$0] } ?? []
      guard dataset.shape.count == 1 + form.count, Array(dataset.shape.dropFirst()) == form, dataset.type == type else {
        throw Failure(
          .badData,
          "\(path): /instances/\(name) is \(dataset.shape) of \(dataset.type.rawValue), not "
            + "[n\(columns.map { ", \($0)" } ?? "")] of \(type.rawValue)")
      }
      return dataset
    }
    let runs = try array("runs", .uint32)
    sampleOffsets = try Self.offsets(try array("offsets", .int64), "offsets", count: sampleCount, path)
    let count = Int(sampleOffsets[sampleCount])
    func place(_ dataset: HDF5Dataset, _ name: String, count: Int) throws -> Int {
      guard dataset.shape[0] == count else {
        throw Failure(
          .badData, "\(path): /instances/\(name) has \(dataset.shape[0]) rows, /instances/offsets ends at \(count)")
      }
      if count == 0 { return 0 }
      if let offset = dataset.fileOffset { return offset }
      throw Failure(
        .badData,
        "\(path): /instances/\(name) does not lie in the file in one piece of little-endian numbers",
        remedy: "in h5py write f.create_dataset('instances/\(name)', data=...), with neither chunks nor compression")
    }
    // These lie in the file: what follows is no larger than it either.
    boxes = try place(try array("boxes", .float32, columns: 4), "boxes", count: count)
    classes = try place(try array("classes", .uint16), "classes", count: count)
    crowd = try place(try array("crowd", .uint8), "crowd", count: count)
    runOffsets = try Self.offsets(try array("run_offsets", .int64), "run_offsets", count: count, path)
    guard runs.shape[0] == Int(runOffsets[count]) else {
      throw Failure(
        .badData,
        "\(path): /instances/runs has \(runs.shape[0]) numbers, /instances/run_offsets ends at "
          + "\(runOffsets[count])")
    }
    self.runs = try place(runs, "runs", count: runs.shape[0])
  }

  private static func offsets(_ dataset: HDF5Dataset, _ name: String, count: Int, _ path: String) throws -> [Int64] {
    // The count may be any number that stood in the file.
    guard dataset.shape[0] - 1 == count else {
      throw Failure(
        .badData, "\(path): /instances/\(name) has \(dataset.shape[0]) numbers, not one more than \(count)")
    }
    let offsets = try dataset.read(as: Int64.self)
    guard offsets[0] == 0 else {
      throw Failure(.badData, "\(path): /instances/\(name) begins with \(offsets[0]), not with 0")
    }
    for index in 0..<count where offsets[index] > offsets[index + 1] {
      throw Failure(
        .badData, "\(path): /instances/\(name) falls from \(offsets[index]) to \(offsets[index + 1]) at \(index + 1)")
    }
    return offsets
  }

  func instances(ofSample index: Int) -> Range<Int> { Int(sampleOffsets[index])..<Int(sampleOffsets[index + 1]) }

  /// Reads a sample's instances and checks them.
  ///
  /// - Throws: `Failure` naming file, key and instance.
  func read(_ own: Range<Int>, of entry: SampleEntry, from file: ShardFile, classCount: Int) throws
    -> InstanceAnnotations
  {
    let name = "instances of '\(entry.key)'"
    let firstRun = Int(runOffsets[own.lowerBound])
    let runCount = Int(runOffsets[own.upperBound]) - firstRun
    let boxes: [Box] = try file.values(count: own.count, at: boxes + 16 * own.lowerBound, name)
    let classes: [UInt16] = try file.values(count: own.count, at: classes + 2 * own.lowerBound, name)
    let crowd: [UInt8] = try file.values(count: own.count, at: crowd + own.lowerBound, name)
    let counts: [UInt32] = try file.values(count: runCount, at: runs + 4 * firstRun, name)
    var sum = boxes.withUnsafeBytes { CRC32C.checksum($0) }
    sum = classes.withUnsafeBytes { CRC32C.checksum($0, continuing: sum) }
    sum = crowd.withUnsafeBytes { CRC32C.checksum($0, continuing: sum) }
    sum = counts.withUnsafeBytes { CRC32C.checksum($0, continuing: sum) }
    try entry.check(sum, of: .label, in: file)
    var result = InstanceAnnotations()
    for index in 0..<own.count {
      let place = "\(file.path): \(name), instance \(index)"
      try InstanceAnnotations.check(boxes[index], ofClass: classes[index], classCount: classCount, place)
      guard crowd[index] <= 1 else {
        throw Failure(.badData, "\(place) has the crowd flag \(crowd[index]), which is neither 0 nor 1")
      }
      let first = Int(runOffsets[own.lowerBound + index]) - firstRun
      let end = Int(runOffsets[own.lowerBound + index + 1]) - firstRun
      let mask: RunLengths
      do { mask = try RunLengths(height: entry.height, width: entry.width, counts: counts[first..<end]) } catch let
        failure as Failure
      { throw Failure(failure.kind, "\(place): \(failure.message)", remedy: failure.remedy) }
      result.append(boxes[index], ofClass: classes[index], isCrowd: crowd[index] == 1, mask)
    }
    return result
  }
}
