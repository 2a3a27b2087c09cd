/// The change of lightness from pixel to pixel, by central differences; at the border by one-sided ones, halved.
struct Gradients {
  /// [height, width]: change over one pixel to the right and down, and its length.
  let across: [Float]
  let down: [Float]
  let magnitudes: [Float]

  init(_ image: LabImage) {
    let (width, height) = (image.width, image.height)
    var across = [Float](repeating: 0, count: width * height)
    var (down, magnitudes) = (across, across)
    image.lightness.withUnsafeBufferPointer { values in
      for y in 0..<height {
        let (above, below) = (max(0, y - 1) * width, min(height - 1, y + 1) * width)
        for x in 0..<width {
          let place = y * width + x
          across[place] = (values[y * width + min(width - 1, x + 1)] - values[y * width + max(0, x - 1)]) / 2
          down[place] = (values[below + x] - values[above + x]) / 2
          magnitudes[place] = (across[place] * across[place] + down[place] * down[place]).squareRoot()
        }
      }
    }
    (self.across, self.down, self.magnitudes) = (across, down, magnitudes)
  }
}
