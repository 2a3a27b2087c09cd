/// What superpixels should be like.
package struct SuperpixelSettings: Equatable, Sendable {
  /// About how many an image has.
  package var count: Int
  /// Weight of the distance in the image against that in colour, m of the paper: higher makes them more compact.
  package var compactness: Double
  /// How often pixels are assigned anew.
  package var iterations: Int

  package init(count: Int = 600, compactness: Double = 10, iterations: Int = 10) {
    self.count = count
    self.compactness = compactness
    self.iterations = iterations
  }
}
