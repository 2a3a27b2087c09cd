import Basics

/// An image's values as they are stored, in the order height, width, channels.
package enum SamplePixels: Equatable, Sendable {
  case uint8([UInt8])
  case uint16([UInt16])
  case float32([Float])

  package var count: Int {
    switch self {
    case .uint8(let values): values.count
    case .uint16(let values): values.count
    case .float32(let values): values.count
    }
  }

  package var kind: PixelKind {
    switch self {
    case .uint8: .uint8
    case .uint16: .uint16
    case .float32: .float32
    }
  }

  /// Gives `body` the stored pixels, [height, width, channels].
  package func withUnsafeBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
    switch self {
    case .uint8(let values): try values.withUnsafeBytes(body)
    case .uint16(let values): try values.withUnsafeBytes(body)
    case .float32(let values): try values.withUnsafeBytes(body)
    }
  }

  /// The value at a flat index.
  package subscript(_ index: Int) -> Float {
    switch self {
    case .uint8(let values): Float(values[index])
    case .uint16(let values): Float(values[index])
    case .float32(let values): values[index]
    }
  }
}

/// The number types that images are stored in.
package enum PixelKind: String, Sendable {
  case uint8, uint16, float32

  package var byteCount: Int {
    switch self {
    case .uint8: 1
    case .uint16: 2
    case .float32: 4
    }
  }
}

/// An image and its label as stored.
package struct RawSample: Sendable {
  package var key: String
  package var height: Int
  package var width: Int
  package var channels: Int
  /// height x width x channels
  package var pixels: SamplePixels
  /// height x width; one where the image as a whole has a class; none where things have
  package var labels: [UInt16]
  /// nil but where the task is to find them
  package var instances: InstanceAnnotations?
  /// What the labels are for.
  package var task: VisionTask
  /// Memory that reading the next sample uses again.
  var labelBytes: [UInt8] = []

  package init(
    key: String, height: Int, width: Int, channels: Int, pixels: SamplePixels, labels: [UInt16],
    task: VisionTask = .semantic, instances: InstanceAnnotations? = nil
  ) {
    self.task = task
    self.instances = instances
    self.key = key
    self.height = height
    self.width = width
    self.channels = channels
    self.pixels = pixels
    self.labels = labels
  }

  /// The class numbers that statistics count, `ignored` where one is of no class (a crowd is of none).
  func countedLabels(ignored: UInt16) -> [UInt16] { instances?.countedClasses(crowd: ignored) ?? labels }

  /// Nothing yet, to be read into.
  package init() { self.init(key: "", height: 0, width: 0, channels: 0, pixels: .uint8([]), labels: []) }
}
