import Basics
import CVector

/// An image in CIE L*a*b* (sRGB, D65): three planes of float32, [height, width] each; L in 0 ... 100.
package struct LabImage: Sendable {
  package let width: Int
  package let height: Int
  package let lightness: [Float]
  /// Green to red.
  package let a: [Float]
  /// Blue to yellow.
  package let b: [Float]

  /// - Parameter pixels: sRGB, [height, width, 3].
  /// - Precondition: there are height x width x 3 of them.
  package init(width: Int, height: Int, pixels: [UInt8]) {
    precondition(width > 0 && height > 0 && pixels.count == 3 * width * height)
    let count = width * height
    var planes = [[Float]](repeating: [Float](repeating: 0, count: count), count: 3)
    for channel in 0..<3 {
      planes[channel].withUnsafeMutableBufferPointer { plane in
        pixels.withUnsafeBufferPointer { pixels in
          Self.linear.withUnsafeBufferPointer { linear in
            for pixel in 0..<count { plane[pixel] = linear[Int(pixels[3 * pixel + channel])] }
          }
        }
      }
    }
    var (red, green, blue) = (planes[0], planes[1], planes[2])
    planes = []
    cvector_lab(&red, &green, &blue, count)
    (self.width, self.height) = (width, height)
    (lightness, a, b) = (red, green, blue)
  }

  /// Light of each value of sRGB (IEC 61966-2-1).
  private static let linear: [Float] = (0..<256).map { value in
    let x = Double(value) / 255
    return Float(x <= 0.04045 ? x / 12.92 : power((x + 0.055) / 1.055, 2.4))
  }
}
