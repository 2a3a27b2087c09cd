/// What merged regions should be like.
package struct MergeSettings: Equatable, Sendable {
  /// k of the paper, in units of colour: how much two segments may differ beyond what they differ within. Higher makes
  /// larger regions; 0 merges nothing.
  package var scale: Double
  /// Weight of the difference in roughness (mean gradient) against that in colour.
  package var texture: Double
  /// Regions of fewer mean superpixels go into their nearest neighbour.
  package var smallest: Double

  package init(scale: Double = 12, texture: Double = 1, smallest: Double = 1) {
    self.scale = scale
    self.texture = texture
    self.smallest = smallest
  }
}

/// Merging of similar neighbours (Felzenszwalb, Huttenlocher: "Efficient graph-based image segmentation", IJCV 2004),
/// with superpixels as the graph's vertices.
package enum RegionMerging {
  /// Regions of `superpixels` in the order of their first pixels.
  ///
  /// Two regions become one where their least difference is at most min(Int(A) + k/|A|, Int(B) + k/|B|): Int is the
  /// greatest weight within a region's minimum spanning tree, |A| its number of superpixels of mean size.
  package static func regions(
    of superpixels: Segments, in image: LabImage, _ settings: MergeSettings = .init()
  ) -> Segments {
    guard settings.scale > 0 else { return superpixels }
    let weight = Float(settings.texture)
    let gradients = weight > 0 ? Gradients(image) : nil
    let graph = RegionGraph(superpixels, of: image, roughness: gradients?.magnitudes.map { weight * $0 })
    let mean = Float(superpixels.labels.count) / Float(superpixels.count)
    var sets = DisjointSets(count: superpixels.count)
    var sizes = graph.sizes.map { Float($0) / mean }
    var thresholds = sizes.map { Float(settings.scale) / $0 }
    for edge in graph.edges {
      let (a, b) = (sets.first(Int(edge.a)), sets.first(Int(edge.b)))
      guard a != b, edge.weight <= min(thresholds[a], thresholds[b]) else { continue }
      let joined = sets.join(a, b)
      sizes[joined] = sizes[a] + sizes[b]
      thresholds[joined] = edge.weight + Float(settings.scale) / sizes[joined]
    }
    let regions = superpixels.joined(&sets)
    return absorb(regions, smallerThan: Int(settings.smallest * Double(mean)), in: image)
  }

  /// Joins segments of fewer than `smallest` pixels to the neighbours that are most like them.
  static func absorb(_ segments: Segments, smallerThan smallest: Int, in image: LabImage) -> Segments {
    guard smallest > 1 else { return segments }
    let graph = RegionGraph(segments, of: image, smallerThan: smallest)
    var sets = DisjointSets(count: segments.count)
    var sizes = graph.sizes
    for edge in graph.edges {
      let (a, b) = (sets.first(Int(edge.a)), sets.first(Int(edge.b)))
      guard a != b, min(sizes[a], sizes[b]) < smallest else { continue }
      let size = sizes[a] + sizes[b]
      sizes[sets.join(a, b)] = size
    }
    return segments.joined(&sets)
  }
}
