/// Red, green and blue, 0 ... 255.
package struct Colour: Equatable, Sendable {
  package var red: UInt8
  package var green: UInt8
  package var blue: UInt8

  package init(_ red: UInt8, _ green: UInt8, _ blue: UInt8) {
    self.red = red
    self.green = green
    self.blue = blue
  }

  /// The colour of `label` in a palette of 768 numbers; labels beyond it go round.
  package init(label: Int, palette: [UInt8]) {
    let start = 3 * (label % 256)
    let isThere = start + 2 < palette.count
    self.init(
      isThere ? palette[start] : 0, isThere ? palette[start + 1] : 0, isThere ? palette[start + 2] : 0)
  }

  package static let white = Colour(255, 255, 255)
  package static let ink = Colour(32, 36, 44)
  /// Of regions, on any photograph.
  package static let outline = Colour(240, 60, 20)
  package static let faint = Colour(118, 124, 134)
  package static let line = Colour(206, 210, 216)

  /// `self` under `other`, which covers `share` (0 ... 1) of it.
  package func covered(by other: Colour, share: Float) -> Colour {
    func mix(_ a: UInt8, _ b: UInt8) -> UInt8 { UInt8((Float(a) * (1 - share) + Float(b) * share).rounded()) }
    return Colour(mix(red, other.red), mix(green, other.green), mix(blue, other.blue))
  }

  /// "#80c0ff"
  package var hexadecimal: String {
    "#" + [red, green, blue].map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }
}
