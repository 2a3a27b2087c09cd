import Basics
import ImageFiles

/// A picture whose values or colours are labels.
struct LabelImage: Sendable {
  enum Content: Sendable {
    /// height x width
    case values([UInt16])
    /// height x width, 0xAARRGGBB
    case colours([UInt32])
  }

  let path: String
  let width: Int
  let height: Int
  /// Of the file.
  let channels: Int
  let content: Content
  /// Of a file whose values are indices.
  let palette: [UInt8]?
  /// Three equal channels were read as one.
  let wasGreyInColour: Bool

  /// - Parameter byColour: whether an index stands for its colour.
  /// - Throws: `Failure(.badData)` if it is no picture, or a JPEG, which changes values.
  init(path: String, byColour: Bool = false) throws {
    try self.init(path: path, Self.read(path), byColour: byColour)
  }

  /// Values that are no picture's, height x width.
  init(path: String, width: Int, height: Int, values: [UInt16]) {
    self.path = path
    self.width = width
    self.height = height
    channels = 1
    content = .values(values)
    palette = nil
    wasGreyInColour = false
  }

  private init(path: String, _ image: Image, byColour: Bool) throws {
    self.path = path
    width = image.width
    height = image.height
    channels = image.channels
    palette = image.palette
    if byColour, image.palette != nil || image.channels >= 3 {
      content = .colours(try Self.colours(image.resolvingPalette(), path))
      wasGreyInColour = false
    } else if image.channels == 1 {
      content = .values(Self.words(image))
      wasGreyInColour = false
    } else if let grey = Self.equalChannels(image) {
      content = .values(grey)
      wasGreyInColour = true
    } else {
      content = .colours(try Self.colours(image, path))
      wasGreyInColour = false
    }
  }

  private static func read(_ path: String) throws -> Image {
    let isJPEG = try FileStart.bytes(path, count: 3) == JPEG.signature
    guard !isJPEG else {
      throw Failure(
        .badData, "\(path) is a JPEG, which changes the values at every edge: it cannot be a label",
        remedy: "export the labels as PNG")
    }
    let image = try ImageFile.read(path)
    guard image.bitDepth <= 16, image.channels <= 4 else {
      throw Failure(
        .badData, "\(path) has \(image.channels) channels of \(image.bitDepth) bits: it cannot be a label",
        remedy: "store labels as PNG, the value being the class")
    }
    return image
  }

  private static func words(_ image: Image) -> [UInt16] {
    switch image.pixels {
    case .uint8(let bytes): bytes.map { UInt16($0) }
    case .uint16(let words): words
    case .float32: []
    }
  }

  /// The one number that all colour channels of each pixel have, if they do and nothing is transparent.
  private static func equalChannels(_ image: Image) -> [UInt16]? {
    let values = words(image)
    let (count, opaque) = (image.channels, image.bitDepth == 16 ? UInt16.max : 255)
    let colourCount = count == 2 || count == 4 ? count - 1 : count
    var grey: [UInt16] = []
    grey.reserveCapacity(values.count / count)
    for start in stride(from: 0, to: values.count, by: count) {
      for channel in 1..<count where channel < colourCount && values[start + channel] != values[start] { return nil }
      if colourCount < count, values[start + count - 1] != opaque { return nil }
      grey.append(values[start])
    }
    return grey
  }

  private static func colours(_ image: Image, _ path: String) throws -> [UInt32] {
    guard case .uint8(let values) = image.pixels else {
      throw Failure(.badData, "\(path) has colours of 16 bits", remedy: "store label colours with 8 bits a channel")
    }
    let count = image.channels
    return stride(from: 0, to: values.count, by: count).map { start in
      let alpha = count == 2 || count == 4 ? values[start + count - 1] : 255
      let (green, blue) = count >= 3 ? (values[start + 1], values[start + 2]) : (values[start], values[start])
      return UInt32(alpha) << 24 | UInt32(values[start]) << 16 | UInt32(green) << 8 | UInt32(blue)
    }
  }
}
