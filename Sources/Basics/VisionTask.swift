/// What a network is trained to do (docs/formats.md section 9). The architecture decides it, and a dataset says which it
/// is for.
package enum VisionTask: String, CaseIterable, Codable, Sendable {
  /// One class for each image.
  case classification
  /// One class for each pixel.
  case semantic
  /// A box, a class and a mask for each thing.
  case instances

  /// What has a class.
  package var labelledUnit: String {
    switch self {
    case .semantic: "pixel"
    case .classification: "image"
    case .instances: "instance"
    }
  }
}
