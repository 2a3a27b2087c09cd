import Basics
import Storage

/// A sample in a HDF5 (or NetCDF-4) file of somebody else: where its image and its label are.
struct HDF5Sample: Sendable {
  let path: String
  /// Of the datasets in the file.
  let image: String
  let label: String
  /// The entry of the first dimension, where the datasets hold many samples.
  let row: Int?
  let height: Int
  let width: Int
  let channels: Int
  /// The image is [C, H, W], not [H, W, C].
  let isChannelsFirst: Bool

  /// How many pixels had no value.
  struct Gaps: Sendable {
    var labels = 0
    var pixels = 0
  }

  /// What a label has, height x width.
  struct Labels: Sendable {
    var values: [UInt16]
    /// The pixels that are of no class, whatever their value.
    var isVoid: [Bool]
  }

  /// - Throws: `Failure(.badData)` with file and pixel: a label that is no whole number of 0 to 65535.
  func readLabels() throws -> Labels {
    let file = try HDF5File.open(path)
    let dataset = try file.root.dataset(label)
    let numbers = try HDF5Numbers.doubles(dataset, row: row)
    let fill = HDF5Numbers.fillValues(dataset)
    try file.close()
    var labels = Labels(
      values: [UInt16](repeating: 0, count: numbers.count), isVoid: [Bool](repeating: false, count: numbers.count))
    for (place, number) in numbers.enumerated() {
      if number.isNaN || number < 0 && number > -10_000 || fill.contains(number) {
        labels.isVoid[place] = true
        continue
      }
      guard let value = UInt16(exactly: number) else {
        throw Failure(
          .badData,
          "\(path): \(label) has the value \(number)\(rowText) at row \(place / width), column \(place % width)",
          remedy: "labels are whole numbers of 0 to 65535")
      }
      labels.values[place] = value
    }
    return labels
  }

  private var rowText: String { row.map { " in entry \($0)" } ?? "" }

  /// The image, and which of its pixels have no value in some channel: these are 0.
  func readImage() throws -> (pixels: SamplePixels, isVoid: [Bool]) {
    let file = try HDF5File.open(path)
    let dataset = try file.root.dataset(image)
    let fill = Set(HDF5Numbers.fillValues(dataset).map { Float($0) })
    var isVoid = [Bool](repeating: false, count: height * width)
    let pixels: SamplePixels
    switch dataset.type {
    case .uint8: pixels = .uint8(arranged(try HDF5Numbers.values(dataset, row: row), fill, &isVoid) { Float($0) })
    case .uint16: pixels = .uint16(arranged(try HDF5Numbers.values(dataset, row: row), fill, &isVoid) { Float($0) })
    case .float32, .float16, .int8, .int16:
      pixels = .float32(arranged(try HDF5Numbers.values(dataset, row: row), fill, &isVoid) { $0 })
    default:
      let numbers = try HDF5Numbers.doubles(dataset, row: row).map { Float($0) }
      pixels = .float32(arranged(numbers, fill, &isVoid) { $0 })
    }
    try file.close()
    return (pixels, isVoid)
  }

  /// The values as [H, W, C]; those that are missing become 0.
  private func arranged<Value: Numeric>(
    _ values: [Value], _ fill: Set<Float>, _ isVoid: inout [Bool], _ number: (Value) -> Float
  ) -> [Value] {
    var result = values
    let pixelCount = height * width
    for pixel in 0..<pixelCount {
      for channel in 0..<channels {
        let value = values[isChannelsFirst ? channel * pixelCount + pixel : pixel * channels + channel]
        let real = number(value)
        let isMissing = !real.isFinite || fill.contains(real)
        if isMissing { isVoid[pixel] = true }
        result[pixel * channels + channel] = isMissing ? 0 : value
      }
    }
    return result
  }
}

/// Numbers of any type.
enum HDF5Numbers {
  /// All values of a dataset, or those of one entry of its first dimension.
  static func values<T: HDF5Scalar>(_ dataset: HDF5Dataset, row: Int?) throws -> [T] {
    guard let row else { return try dataset.read(as: T.self) }
    try dataset.checkReadable(as: T.self)
    let count = dataset.count / max(1, dataset.shape.first ?? 1)
    var values = [T](repeating: T.zero, count: count)
    try values.withUnsafeMutableBufferPointer { try dataset.readRows(row..<row + 1, into: $0) }
    return values
  }

  /// As real numbers; integers of 64 bits beyond 2^53 are rounded.
  static func doubles(_ dataset: HDF5Dataset, row: Int?) throws -> [Double] {
    switch dataset.type {
    case .int64: return try (values(dataset, row: row) as [Int64]).map { Double($0) }
    case .uint64: return try (values(dataset, row: row) as [UInt64]).map { Double($0) }
    default: return try values(dataset, row: row)
    }
  }

  /// - Throws: `Failure(.badData)` if the file cannot hold what the dataset claims.
  static func check(_ dataset: HDF5Dataset) throws {
    switch dataset.type {
    case .int64: try dataset.checkReadable(as: Int64.self)
    case .uint64: try dataset.checkReadable(as: UInt64.self)
    default: try dataset.checkReadable(as: Double.self)
    }
  }

  /// What a dataset has where it has nothing, as NetCDF and others write it.
  static func fillValues(_ dataset: HDF5Dataset) -> [Double] {
    ["_FillValue", "missing_value"].compactMap { try? dataset.realAttribute($0) }
  }
}
