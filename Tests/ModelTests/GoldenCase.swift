import Basics
import Foundation
import Model
import Storage
import TestSupport
import Testing

/// A case of ../shared/golden, as its generate.py writes it.
struct GoldenCase: CustomTestStringConvertible, Sendable {
  let name: String
  let configuration: ModelConfiguration
  /// What the summed loss is divided by.
  let normalization: Normalization
  var classWeights: [Float]?

  enum Normalization { case pixels, batch, sum }

  var testDescription: String { name }

  static let all = [
    GoldenCase(
      name: "fcn32s-fixed",
      configuration: ModelConfiguration(
        architecture: .fcn32s, upsampling: .fixed, widths: [8, 8, 16, 16, 16], fc: 32, dropout: 0, classes: 5),
      normalization: .pixels),
    GoldenCase(
      name: "fcn16s-learned",
      configuration: ModelConfiguration(
        architecture: .fcn16s, upsampling: .learned, widths: [8, 16, 16, 24, 32], fc: 48, dropout: 0, classes: 7),
      normalization: .pixels),
    GoldenCase(
      name: "fcn8s-mixed-sizes",
      configuration: ModelConfiguration(
        architecture: .fcn8s, upsampling: .learned, widths: [16, 16, 16, 32, 32], fc: 64, dropout: 0, classes: 11),
      normalization: .pixels, classWeights: [1, 0.5, 2, 1.5, 1, 0.25, 3, 1, 1, 0.75, 1.25]),
    GoldenCase(
      name: "fcn8s-published",
      configuration: ModelConfiguration(
        architecture: .fcn8s, geometry: .padded100, upsampling: .fixed, widths: [8, 8, 16, 16, 16], fc: 32, dropout: 0,
        pool4Scale: 0.01, pool3Scale: 0.0001, classes: 21),
      normalization: .sum),
    GoldenCase(
      name: "fcn8s-four-channels",
      configuration: ModelConfiguration(
        architecture: .fcn8s, upsampling: .fixed, widths: [8, 8, 8, 16, 16], fc: 24, dropout: 0, classes: 3,
        channels: 4), normalization: .batch),
  ]

  struct Sample {
    let key: String
    let height: Int
    let width: Int
    /// Normalised, [height, width, channels].
    let pixels: [Float]
    let labels: [UInt16]
  }

  private func open(_ file: String) throws -> HDF5File {
    try HDF5File.open("\(SharedFolder.golden ?? "")/\(name)/\(file)")
  }

  func samples(_ split: String) throws -> [Sample] {
    let root = try open("\(split)-00000-of-00001.h5").root
    return try root.group("images").childNames().sorted().map { key in
      let image = try root.group("images").dataset(key)
      let channels = image.shape[2]
      let values: [Float] =
        image.type == .float32 ? try image.read() : try image.read(as: UInt8.self).map(Float.init)
      // mean 110 + 5 c, deviation 60
      let pixels = values.enumerated().map { index, value in
        Float((Double(value) - 110 - 5 * Double(index % channels)) / 60)
      }
      let labels = try root.group("labels").dataset(key).read(as: UInt8.self).map(UInt16.init)
      return Sample(key: key, height: image.shape[0], width: image.shape[1], pixels: pixels, labels: labels)
    }
  }

  /// Parameters by name with their shapes.
  func parameters(_ file: String, under path: [String]) throws -> [String: (shape: [Int], values: [Float])] {
    var group = try open(file).root
    for name in path { group = try group.group(name) }
    var result: [String: (shape: [Int], values: [Float])] = [:]
    for layer in try group.childNames() {
      for kind in try group.group(layer).childNames() {
        let dataset = try group.group(layer).dataset(kind)
        result["\(layer)/\(kind)"] = (dataset.shape, try dataset.read())
      }
    }
    return result
  }

  /// [height, width, classes], as ours are.
  func logits(_ split: String, _ sample: Sample) throws -> [Float] {
    let values: [Float] = try open("expected.h5").root.group("logits").group(split).dataset(sample.key).read()
    let pixels = sample.height * sample.width
    let classes = values.count / pixels
    return (0..<values.count).map { values[($0 % classes) * pixels + $0 / classes] }
  }

  func firstLoss() throws -> Double { try open("expected.h5").root.dataset("loss").read(as: Double.self)[0] }

  /// Truth by prediction, row by row.
  func confusion() throws -> [Int64] { try open("expected.h5").root.dataset("confusion").read() }
}
