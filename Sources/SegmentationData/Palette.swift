/// Colours of labels: red, green and blue for each of 256 values.
package enum Palette {
  /// The colours of the PASCAL VOC development kit: the bits of the index spread over the three channels, highest first.
  package static let voc: [UInt8] = (0..<256).flatMap { label in
    var colour: [UInt8] = [0, 0, 0]
    for bit in 0..<8 { colour[bit % 3] |= UInt8(label >> bit & 1) << UInt8(7 - bit / 3) }
    return colour
  }

  /// 768 numbers that begin with `colours`; the rest is black.
  package static func padded(_ colours: [UInt8]) -> [UInt8] {
    Array((colours + [UInt8](repeating: 0, count: 768)).prefix(768))
  }
}
