import Basics
import Foundation
import ImageFiles
import SegmentationData
import TestSupport

/// A source of small image files, made for a test, and what becomes of it.
final class SourceFiles {
  let folder = TemporaryFolder()
  private(set) var notes: [String] = []

  var source: String { folder.file("source") }
  var output: String { folder.file("out") }

  func write(_ text: String, _ path: String) throws {
    try make(path)
    try text.write(toFile: "\(source)/\(path)", atomically: true, encoding: .utf8)
  }

  func write(_ bytes: [UInt8], _ path: String) throws {
    try make(path)
    try writeBytes(bytes, to: "\(source)/\(path)")
  }

  private func make(_ path: String) throws {
    try folder.makeFolder("source/" + FileBytes.folder(of: path))
  }

  /// A picture of 4 x 1 pixels, or as wide as `label`.
  func writeImage(_ path: String, width: Int = 4) throws {
    try make(path)
    let image = Image(width: width, height: 1, channels: 3, pixels: (0..<3 * width).map { UInt8($0 % 256) })
    try PNG.write(image, to: "\(source)/\(path)")
  }

  func writePicture(_ path: String, width: Int, height: Int) throws {
    try make(path)
    let pixels = (0..<3 * width * height).map { UInt8($0 % 256) }
    try PNG.write(Image(width: width, height: height, channels: 3, pixels: pixels), to: "\(source)/\(path)")
  }

  /// Grey, one row.
  func writeLabel(_ path: String, _ values: [UInt8], palette: [UInt8]? = nil) throws {
    try make(path)
    try PNG.write(
      Image(width: values.count, height: 1, channels: 1, pixels: values, palette: palette), to: "\(source)/\(path)")
  }

  /// One row of colours; four numbers each if there is an alpha.
  func writeColours(_ path: String, _ colours: [[UInt8]]) throws {
    try make(path)
    try PNG.write(
      Image(width: colours.count, height: 1, channels: colours[0].count, pixels: colours.flatMap { $0 }),
      to: "\(source)/\(path)")
  }

  /// `images/a0.png` … with `labels/a0.png` … of the given values.
  func writePairs(_ labels: [[UInt8]], split: String = "") throws {
    let place = split.isEmpty ? "" : split + "/"
    for (index, values) in labels.enumerated() {
      try writeImage("\(place)images/a\(index).png", width: values.count)
      try writeLabel("\(place)labels/a\(index).png", values)
    }
  }

  @discardableResult
  func importing(
    _ layout: ImportLayout = .folder, from path: String? = nil, _ options: ImportOptions = ImportOptions()
  ) throws -> [DatasetInfo] {
    var options = options
    notes = []
    options.note = { [self] in notes.append($0) }
    return try DatasetImport.run(layout, from: path.map { "\(source)/\($0)" } ?? source, to: output, options)
  }

  @discardableResult
  func importing(_ labels: LabelOptions) throws -> [DatasetInfo] { try importing(ImportOptions(labels: labels)) }

  @discardableResult
  func importing(_ options: ImportOptions) throws -> [DatasetInfo] { try importing(.folder, from: nil, options) }

  /// What an import is refused with; nothing may be left then.
  func refusal(
    _ layout: ImportLayout = .folder, from path: String? = nil, _ options: ImportOptions = ImportOptions()
  ) -> Failure? {
    let before = Set(names(output))
    do { try importing(layout, from: path, options) } catch let failure as Failure {
      return Set(names(output)) == before ? failure : Failure(.internalError, "files were left: \(names(output))")
    } catch { return Failure(.internalError, "\(error)") }
    return nil
  }

  func refusal(_ labels: LabelOptions) -> Failure? { refusal(.folder, from: nil, ImportOptions(labels: labels)) }

  private func names(_ path: String) -> [String] {
    (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
  }

  func dataset(_ split: String = "train") throws -> Dataset { try Dataset(folder: output, split: split) }

  func keys(_ split: String = "train") throws -> [String] {
    let dataset = try dataset(split)
    return (0..<dataset.sampleCount).map(dataset.key)
  }

  func labels(_ index: Int = 0, _ split: String = "train") throws -> [UInt16] {
    try dataset(split).read(index).labels
  }
}
