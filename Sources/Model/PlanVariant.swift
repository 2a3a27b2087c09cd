import Kernels

/// The instructions of a plan for some number of regions in the mask head, which is half of Mask R-CNN's work: an image of
/// few instances does not take the time of one of many. All variants of a plan use the same buffers.
struct PlanVariant {
  /// Places an image for regions of the mask head; 0 for networks without one.
  let maskPlaces: Int
  let forward: [Instruction]
  let backward: [Instruction]
  let outputShapes: [ActivationShape]
  let regions: [Graph.RegionHead: RegionTable]

  /// - Parameter boxes: the box head's regions, which all variants share.
  init(_ builder: PlanBuilder, boxes: RegionTable?) throws {
    maskPlaces = builder.regions[.mask] ?? 0
    (forward, backward) = (builder.forward, builder.backward)
    outputShapes = builder.graph.outputs.map { builder.shapes[$0] }
    var regions: [Graph.RegionHead: RegionTable] = [:]
    regions[.box] = boxes
    if let count = builder.regions[.mask] {
      regions[.mask] = try RegionTable(images: builder.shapes[0].images, countPerImage: count)
    }
    self.regions = regions
  }

  /// 4, 6, 8, 12, 16, 24, … below `most`: no more than a third of the places stay empty.
  static func maskPlaces(below most: Int) -> [Int] {
    var places: [Int] = []
    var next = (4, 6)
    while next.0 < most {
      places.append(next.0)
      next = (next.1, 2 * next.0)
    }
    return places
  }
}
