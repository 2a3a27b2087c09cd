import CVector

/// SLIC superpixels: k-means in (L, a, b, x, y) with windows of twice the grid's step (Achanta, Shaji, Smith, Lucchi, Fua,
/// Süsstrunk: "SLIC superpixels compared to state-of-the-art superpixel methods", PAMI 2012).
///
/// A function of image and settings alone: clusters compete in their order, sums run over pixels in theirs.
package struct Superpixels {
  private struct Cluster {
    var colour: SIMD4<Float>
    var x: Float
    var y: Float
  }

  private let image: LabImage
  private let settings: SuperpixelSettings
  private var clusters: [Cluster] = []
  /// Of the grid, in pixels: the greater of both directions.
  private let step: Int
  private var labels: [Int32]
  private var distances: [Float]

  /// Superpixels of `image`: connected, and none smaller than a quarter of the mean size.
  ///
  /// - Precondition: count and iterations are at least 1, compactness is not negative.
  package static func segments(of image: LabImage, _ settings: SuperpixelSettings = .init()) -> Segments {
    precondition(settings.count > 0 && settings.iterations > 0 && settings.compactness >= 0)
    var superpixels = Superpixels(image, settings)
    for _ in 0..<settings.iterations {
      superpixels.assign()
      superpixels.moveCentres()
    }
    let parts = Segments(partsOf: superpixels.labels, width: image.width, height: image.height)
    let smallest = image.width * image.height / superpixels.clusters.count / 4
    return RegionMerging.absorb(parts, smallerThan: smallest, in: image)
  }

  private init(_ image: LabImage, _ settings: SuperpixelSettings) {
    self.image = image
    self.settings = settings
    let (width, height) = (image.width, image.height)
    let ideal = (Double(width * height) / Double(settings.count)).squareRoot()
    let columns = max(1, min(width, Int((Double(width) / ideal).rounded())))
    let rows = max(1, min(height, Int((Double(height) / ideal).rounded())))
    step = max((width + columns - 1) / columns, (height + rows - 1) / rows)
    labels = [Int32](repeating: 0, count: width * height)
    distances = [Float](repeating: 0, count: width * height)
    for row in 0..<rows {
      for column in 0..<columns {
        clusters.append(
          seed(x: (2 * column + 1) * width / (2 * columns), y: (2 * row + 1) * height / (2 * rows)))
      }
    }
    // A pixel that no window reaches stays with its cell of the grid.
    for y in 0..<height {
      for x in 0..<width { labels[y * width + x] = Int32(y * rows / height * columns + x * columns / width) }
    }
  }

  /// The place of lowest gradient around (x, y): not on an edge, nor on a single odd pixel.
  private func seed(x: Int, y: Int) -> Cluster {
    var best = (gradient: gradient(x, y), x: x, y: y)
    // Where clusters are this near, one would take its neighbour's place.
    guard step > 3 else { return Cluster(colour: colour(x, y), x: Float(x), y: Float(y)) }
    for row in max(0, y - 1)...min(image.height - 1, y + 1) {
      for column in max(0, x - 1)...min(image.width - 1, x + 1) {
        let gradient = gradient(column, row)
        if gradient < best.gradient { best = (gradient, column, row) }
      }
    }
    return Cluster(colour: colour(best.x, best.y), x: Float(best.x), y: Float(best.y))
  }

  private func colour(_ x: Int, _ y: Int) -> SIMD4<Float> {
    let place = min(image.height - 1, max(0, y)) * image.width + min(image.width - 1, max(0, x))
    return SIMD4(image.lightness[place], image.a[place], image.b[place], 0)
  }

  private func gradient(_ x: Int, _ y: Int) -> Float {
    let across = colour(x + 1, y) - colour(x - 1, y)
    let down = colour(x, y + 1) - colour(x, y - 1)
    return (across * across).sum() + (down * down).sum()
  }

  private mutating func assign() {
    let (width, height) = (image.width, image.height)
    let ratio = settings.compactness / Double(step)
    let weight = Float(ratio * ratio)
    for place in distances.indices { distances[place] = .infinity }
    distances.withUnsafeMutableBufferPointer { distances in
      labels.withUnsafeMutableBufferPointer { labels in
        for (number, cluster) in clusters.enumerated() {
          let (x, y) = (Int(cluster.x.rounded()), Int(cluster.y.rounded()))
          let (left, right) = (max(0, x - step), min(width, x + step + 1))
          let (top, bottom) = (max(0, y - step), min(height, y + step + 1))
          let start = top * width + left
          let centre = [cluster.colour.x, cluster.colour.y, cluster.colour.z]
          image.lightness.withUnsafeBufferPointer { lightness in
            image.a.withUnsafeBufferPointer { a in
              image.b.withUnsafeBufferPointer { b in
                guard let l = lightness.baseAddress, let a = a.baseAddress, let b = b.baseAddress,
                  let distance = distances.baseAddress, let label = labels.baseAddress
                else { return }
                cvector_slic_window(
                  l + start, a + start, b + start, width, bottom - top, right - left, centre,
                  Float(left) - cluster.x, Float(top) - cluster.y, weight, Int32(number), distance + start,
                  label + start)
              }
            }
          }
        }
      }
    }
  }

  /// Every cluster goes to the mean of its pixels; one without pixels stays.
  private mutating func moveCentres() {
    var colours = [SIMD4<Float>](repeating: .zero, count: clusters.count)
    var places = [SIMD4<Int32>](repeating: .zero, count: clusters.count)
    colours.withUnsafeMutableBufferPointer { colours in
      places.withUnsafeMutableBufferPointer { places in
        labels.withUnsafeBufferPointer { labels in
          var place = 0
          for y in 0..<image.height {
            for x in 0..<image.width {
              let label = Int(labels[place])
              colours[label] += SIMD4(image.lightness[place], image.a[place], image.b[place], 0)
              // From the cluster's own place, so that sums stay small in any image.
              places[label] &+= SIMD4(
                1, Int32(x) &- Int32(clusters[label].x), Int32(y) &- Int32(clusters[label].y), 0)
              place += 1
            }
          }
        }
      }
    }
    for number in clusters.indices where places[number].x > 0 {
      let count = Float(places[number].x)
      clusters[number].colour = colours[number] / count
      clusters[number].x = Float(Int32(clusters[number].x)) + Float(places[number].y) / count
      clusters[number].y = Float(Int32(clusters[number].y)) + Float(places[number].z) / count
    }
  }
}
