import Basics

/// Hides a part of every image by its labels, or shows the labels' foreground instead of the image (Shelhamer, Long and
/// Darrell, "Fully convolutional networks for semantic segmentation", 2017, section 6.1).
package struct VisibleMask: Equatable, Sendable {
  package let part: VisiblePart
  /// The classes that are background, in the order of their numbers.
  package let backgroundNames: [String]
  /// Of each class.
  private let isBackground: [Bool]
  private let ignoreLabel: UInt16

  /// - Parameter background: the names of the background's classes; nil: the one called "background".
  /// - Returns: nil where the whole image is seen.
  /// - Throws: `Failure(.configuration)`: the data has no labels of pixels, or no such class.
  package static func make(_ part: VisiblePart, background: [String]?, _ info: DatasetInfo) throws -> VisibleMask? {
    guard part != .image else { return nil }
    guard info.task == .semantic else {
      throw Failure(
        .configuration,
        "data.visible \(part.rawValue) needs a label for each pixel, and the data is for "
          + info.task.rawValue, remedy: "set data.visible to image")
    }
    return try VisibleMask(part, background, info)
  }

  private init(_ part: VisiblePart, _ background: [String]?, _ info: DatasetInfo) throws {
    self.part = part
    var isBackground = [Bool](repeating: false, count: info.classCount)
    if let background {
      for name in background {
        guard let label = info.classNames.firstIndex(of: name) else {
          throw Failure(
            .configuration, "data.background names '\(name)', which is no class of the dataset",
            remedy: "its classes are \(info.classNames.joined(separator: ", "))")
        }
        isBackground[label] = true
      }
    } else {
      guard let label = info.classNames.firstIndex(where: { $0.lowercased() == "background" }) else {
        throw Failure(
          .configuration, "data.visible \(part.rawValue) needs to know the background, and no class is called so",
          remedy: "set data.background to a list of some of the classes \(info.classNames.joined(separator: ", "))")
      }
      isBackground[label] = true
    }
    guard isBackground.contains(false) else {
      throw Failure(
        .configuration, "data.background holds every class: there is no foreground", remedy: "leave some of them out")
    }
    self.isBackground = isBackground
    ignoreLabel = info.ignoreValue
    backgroundNames = info.classNames.indices.filter { isBackground[$0] }.map { info.classNames[$0] }
  }

  private enum Side { case foreground, background, neither }

  /// A label that is no class is on neither side.
  private func side(_ label: UInt16) -> Side {
    guard label != ignoreLabel, Int(label) < isBackground.count else { return .neither }
    return isBackground[Int(label)] ? .background : .foreground
  }

  private func isHidden(_ label: UInt16) -> Bool { side(label) != (part == .foreground ? .foreground : .background) }

  /// Changes an image as the network takes it. A hidden pixel is 0, as padding is: the mean before normalisation.
  ///
  /// - Parameters:
  ///   - pixels: [height, width, channels], normalised.
  ///   - labels: [height, width], of the same pixels.
  ///   - rows, columns: where the image lies; around it is padding, which stays.
  ///   - kind: how the image is stored, which says what white is.
  func apply(
    to pixels: UnsafeMutableBufferPointer<Float>, labels: UnsafeBufferPointer<UInt16>, rows: Range<Int>,
    columns: Range<Int>, width: Int, kind: PixelKind, _ normalisation: Normalisation
  ) {
    let channels = normalisation.mean.count
    let inks = Self.inks(kind, normalisation)
    for row in rows {
      for column in columns {
        let place = row * width + column
        if part == .shape {
          let ink = side(labels[place]) == .foreground ? inks.white : inks.black
          for channel in 0..<channels {
            pixels[place * channels + channel] =
              (ink[channel] - normalisation.mean[channel]) / normalisation.std[channel]
          }
        } else if isHidden(labels[place]) {
          for channel in 0..<channels { pixels[place * channels + channel] = 0 }
        }
      }
    }
  }

  /// One value per channel. Numbers that are no bytes have no white: a deviation above the mean, and one below it.
  private static func inks(_ kind: PixelKind, _ normalisation: Normalisation) -> (white: [Float], black: [Float]) {
    let (mean, count) = (normalisation.mean, normalisation.mean.count)
    switch kind {
    case .uint8: return ([Float](repeating: 255, count: count), [Float](repeating: 0, count: count))
    case .uint16: return ([Float](repeating: 65_535, count: count), [Float](repeating: 0, count: count))
    case .float32:
      return (zip(mean, normalisation.std).map { $0 + $1 }, zip(mean, normalisation.std).map { $0 - $1 })
    }
  }

  /// The image for people to look at: hidden pixels have the mean, as near as its numbers come to it.
  package func shown(_ raw: RawSample, _ normalisation: Normalisation) -> RawSample {
    let inks = Self.inks(raw.pixels.kind, normalisation)
    func replaced<Value>(_ values: [Value], _ number: (Float) -> Value) -> [Value] {
      var values = values
      for (place, label) in raw.labels.enumerated() {
        guard part == .shape || isHidden(label) else { continue }
        let ink = part != .shape ? normalisation.mean : side(label) == .foreground ? inks.white : inks.black
        for channel in 0..<raw.channels { values[place * raw.channels + channel] = number(ink[channel]) }
      }
      return values
    }
    var result = raw
    switch raw.pixels {
    case .uint8(let values): result.pixels = .uint8(replaced(values) { UInt8(max(0, min(255, $0.rounded()))) })
    case .uint16(let values): result.pixels = .uint16(replaced(values) { UInt16(max(0, min(65_535, $0.rounded()))) })
    case .float32(let values): result.pixels = .float32(replaced(values) { $0 })
    }
    return result
  }
}
