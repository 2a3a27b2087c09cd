import ImageFiles

/// A picture that is being drawn: RGB, rows from the top. What falls outside is left out.
package struct Canvas {
  package let width: Int
  package let height: Int
  /// [height, width, 3]
  package private(set) var pixels: [UInt8]

  /// - Precondition: both sides are at least 1.
  package init(width: Int, height: Int, colour: Colour = .white) {
    precondition(width > 0 && height > 0)
    self.width = width
    self.height = height
    pixels = [UInt8](repeating: 0, count: 3 * width * height)
    fill(x: 0, y: 0, width: width, height: height, colour)
  }

  /// - Precondition: `pixels` are height x width x 3.
  package init(width: Int, height: Int, pixels: [UInt8]) {
    precondition(pixels.count == 3 * width * height)
    self.width = width
    self.height = height
    self.pixels = pixels
  }

  package var image: Image { Image(width: width, height: height, channels: 3, pixels: pixels) }

  package subscript(x: Int, y: Int) -> Colour {
    get {
      let start = 3 * (y * width + x)
      return Colour(pixels[start], pixels[start + 1], pixels[start + 2])
    }
    set {
      guard x >= 0, y >= 0, x < width, y < height else { return }
      let start = 3 * (y * width + x)
      pixels[start] = newValue.red
      pixels[start + 1] = newValue.green
      pixels[start + 2] = newValue.blue
    }
  }

  /// Fills a rectangle, clipped to the canvas. Pixels, from the upper left.
  package mutating func fill(x: Int, y: Int, width: Int, height: Int, _ colour: Colour) {
    for row in max(0, y)..<max(0, y, min(self.height, y + height)) {
      for column in max(0, x)..<max(0, x, min(self.width, x + width)) { self[column, row] = colour }
    }
  }

  /// Copies `other` to (x, y), clipped to the canvas.
  package mutating func draw(_ other: Canvas, x: Int, y: Int) {
    for row in 0..<other.height where y + row >= 0 && y + row < height {
      for column in 0..<other.width { self[x + column, y + row] = other[column, row] }
    }
  }

  /// A filled square with a thin border, as legends show a class.
  package mutating func swatch(x: Int, y: Int, side: Int, _ colour: Colour) {
    fill(x: x, y: y, width: side, height: side, colour.covered(by: .ink, share: 0.45))
    fill(x: x + 1, y: y + 1, width: side - 2, height: side - 2, colour)
  }

  /// The picture with sides of at most the given ones, its proportions kept. Each pixel is the mean of those that it
  /// covers; nothing is made larger.
  package func reduced(toFit width: Int, _ height: Int) -> Canvas {
    let factor = max(Double(self.width) / Double(width), Double(self.height) / Double(height))
    guard factor > 1 else { return self }
    let target = (
      width: max(1, Int(Double(self.width) / factor)), height: max(1, Int(Double(self.height) / factor))
    )
    var result = Canvas(width: target.width, height: target.height)
    for y in 0..<target.height {
      let rows = y * self.height / target.height..<max(1, (y + 1) * self.height / target.height)
      for x in 0..<target.width {
        let columns = x * self.width / target.width..<max(1, (x + 1) * self.width / target.width)
        result[x, y] = mean(rows, columns)
      }
    }
    return result
  }

  /// Every pixel as a square of `factor` x `factor`.
  package func enlarged(by factor: Int) -> Canvas {
    guard factor > 1 else { return self }
    var result = Canvas(width: factor * width, height: factor * height)
    for y in 0..<result.height {
      for x in 0..<result.width { result[x, y] = self[x / factor, y / factor] }
    }
    return result
  }

  /// The picture as large as it can be within the given sides: reduced, or enlarged by a whole factor.
  package func fitted(to width: Int, _ height: Int) -> Canvas {
    let factor = min(width / self.width, height / self.height)
    return factor > 1 ? enlarged(by: factor) : reduced(toFit: width, height)
  }

  private func mean(_ rows: Range<Int>, _ columns: Range<Int>) -> Colour {
    var sum = (0, 0, 0)
    for row in rows {
      for column in columns {
        let colour = self[column, row]
        sum = (sum.0 + Int(colour.red), sum.1 + Int(colour.green), sum.2 + Int(colour.blue))
      }
    }
    let count = rows.count * columns.count
    return Colour(UInt8(sum.0 / count), UInt8(sum.1 / count), UInt8(sum.2 / count))
  }
}
