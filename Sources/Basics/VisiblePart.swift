/// What of an image a network gets to see (Shelhamer, Long and Darrell 2017, section 6.1).
package enum VisiblePart: String, CaseIterable, Codable, Sendable {
  case image
  /// The pixels of things; all others are hidden.
  case foreground
  /// The pixels of the background; all others are hidden.
  case background
  /// No pixel of the image: things white, all else black.
  case shape
}
