import Basics
import Foundation
import SegmentationData

/// An independent writer and reader: python3 with h5py, numpy and Pillow.
enum Python {
  struct Problem: Error, CustomStringConvertible { let description: String }

  /// Whether the modules can be imported; tests that need them are skipped where not.
  static let isAvailable = (try? run("import h5py, numpy, PIL")) != nil

  /// Standard output of the script.
  @discardableResult
  static func run(_ script: String, _ arguments: String...) throws -> String {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["python3", "-c", script] + arguments
    let output = Pipe()
    let errors = Pipe()
    process.standardOutput = output
    process.standardError = errors
    try process.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    let problem = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { throw Problem(description: problem) }
    return text
  }

  /// CRC-32C bit by bit, and a writer of shards as FORMATS.md section 3 has them.
  static let shards = """
    import sys, h5py
    import numpy as np
    def crc32c(data):
        c = 0xFFFFFFFF
        for b in bytes(data):
            c ^= b
            for _ in range(8): c = (c >> 1) ^ (0x82F63B78 if c & 1 else 0)
        return c ^ 0xFFFFFFFF
    def write_shard(path, samples, split='train', shard=0, shards=1, classes=3, channels=3, ignore=255, **options):
        with h5py.File(path, 'w', libver=('v110', 'v110')) as f:
            f.attrs.update(format='fcn-dist-dataset', version=1, split=split, shard=shard, shards=shards,
                           samples=len(samples), classes=classes, ignore_label=ignore, channels=channels)
            text = h5py.string_dtype('utf-8')
            f.create_dataset('class_names', data=[f'class {i}' for i in range(classes)], dtype=text)
            f.create_dataset('palette', data=np.zeros((256, 3), np.uint8))
            f.create_dataset('keys', data=[k for k, _, _ in samples], dtype=text)
            for k, image, label in samples:
                f.create_dataset(f'images/{k}', data=image, **options)
                f.create_dataset(f'labels/{k}', data=label)
            crc = [(crc32c(i.tobytes()), crc32c(l.tobytes())) for _, i, l in samples]
            f.create_dataset('crc32c', data=np.array(crc, np.uint32).reshape(len(samples), 2))
    """
}

/// A folder that is removed with its owner.
final class TemporaryFolder {
  let path: String

  init() throws {
    path = NSTemporaryDirectory() + "fcn-dist-data-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func file(_ name: String) -> String { path + "/" + name }
  var names: [String] { (try? FileManager.default.contentsOfDirectory(atPath: path))?.sorted() ?? [] }

  func makeFolder(_ name: String) throws {
    try FileManager.default.createDirectory(atPath: file(name), withIntermediateDirectories: true)
  }
}

/// Real data and golden cases beside the package; not part of it.
enum Shared {
  private static let folder: String = {
    var place = URL(fileURLWithPath: #filePath)
    while place.path != "/", !FileManager.default.fileExists(atPath: place.appendingPathComponent("Package.swift").path)
    {
      place.deleteLastPathComponent()
    }
    return place.deletingLastPathComponent().appendingPathComponent("shared").path
  }()

  static let camvid = folder + "/data/camvid"
  static let voc = folder + "/data/voc2012-100"
  static let golden = folder + "/golden"

  static func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }
}

/// Samples of small random images for tests.
enum RandomSamples {
  static let classCount = 5

  static func info(count: Int, channels: Int = 3, split: String = "train") -> DatasetInfo {
    DatasetInfo(
      split: split, classNames: (0..<classCount).map { "class \($0)" },
      palette: (0..<768).map { UInt8(truncatingIfNeeded: $0 &* 37) }, channels: channels, sampleCount: count)
  }

  /// Sizes differ from sample to sample.
  static func sample(_ index: Int, kind: PixelKind = .uint8, channels: Int = 3) -> RawSample {
    var random = Philox(seed: 11, purpose: .test, stream: UInt64(index))
    let height = 5 + Int(random.next(below: 9))
    let width = 5 + Int(random.next(below: 9))
    let count = height * width
    let pixels: SamplePixels =
      switch kind {
      case .uint8: .uint8((0..<count * channels).map { _ in UInt8(random.next(below: 256)) })
      case .uint16: .uint16((0..<count * channels).map { _ in UInt16(random.next(below: 65_536)) })
      case .float32: .float32((0..<count * channels).map { _ in random.next(in: -3...3) })
      }
    let labels = (0..<count).map { _ -> UInt16 in
      let value = UInt16(random.next(below: 6))
      return value == 5 ? 255 : value
    }
    return RawSample(
      key: "s\(index)", height: height, width: width, channels: channels, pixels: pixels, labels: labels)
  }

  @discardableResult
  static func write(
    _ count: Int, to folder: String, kind: PixelKind = .uint8, channels: Int = 3, shards: Int = 1,
    split: String = "train"
  ) throws -> Dataset {
    try DatasetWriter(folder: folder, shardCount: shards).write(
      info(count: count, channels: channels, split: split)
    ) { sample($0, kind: kind, channels: channels) }
    return try Dataset(folder: folder, split: split)
  }
}
