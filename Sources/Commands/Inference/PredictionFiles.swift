import Basics
import ImageFiles
import SegmentationData

/// Writes predictions as pictures.
struct PredictionFiles {
  let folder: String
  let classNames: [String]
  let palette: [UInt8]
  let withOverlay: Bool
  /// Whether the samples' own labels mean something.
  let hasTruth: Bool
  /// What of a sample its pictures show.
  var shown: @Sendable (RawSample) -> RawSample = { $0 }

  func write(_ prediction: Predictor.Prediction, key: String) throws {
    let sample = prediction.sample
    if let slash = key.lastIndex(of: "/") { try Folder.make("\(folder)/\(key[..<slash])") }
    try PNG.write(classImage(prediction), to: "\(folder)/\(key).png")
    guard withOverlay else { return }
    let panel = Overlay.panel(
      image: Canvas(shown(sample)), labels: prediction.classes, truth: hasTruth ? sample.labels : nil,
      classNames: classNames, palette: palette, caption: "\(key)  \(sample.width) x \(sample.height)")
    try panel.write(to: "\(folder)/\(key)-overlay.png")
  }

  /// The classes that `write` left for an image.
  ///
  /// - Throws: `Failure` when the file is missing or is no image.
  func classes(key: String) throws -> [UInt16] {
    switch try PNG.read("\(folder)/\(key).png").pixels {
    case .uint8(let values): values.map(UInt16.init)
    case .uint16(let values): values
    case .float32: []
    }
  }

  /// The classes as a palette PNG; with more than 256 of them, as grey of 16 bits.
  private func classImage(_ prediction: Predictor.Prediction) -> Image {
    let sample = prediction.sample
    guard classNames.count <= 256 else {
      return Image(
        width: sample.width, height: sample.height, channels: 1, bitDepth: 16, pixels: .uint16(prediction.classes))
    }
    return Image(
      width: sample.width, height: sample.height, channels: 1,
      pixels: prediction.classes.map { UInt8(truncatingIfNeeded: $0) }, palette: palette)
  }
}
