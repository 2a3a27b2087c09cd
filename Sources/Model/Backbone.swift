/// What a net is made on.
package enum Backbone: String, CaseIterable, Sendable, Codable {
  case vgg16
  /// For Mask R-CNN alone, with frozen batch normalisations.
  case resnet50

  /// Channels at the end of a stage of ResNet-50, for each of its 3 x 3 convolutions.
  static let expansion = 4

  /// Of VGG16 the five blocks; of ResNet-50 the first convolution, and the 3 x 3 convolutions of the four stages.
  package var publishedWidths: [Int] {
    switch self {
    case .vgg16: [64, 128, 256, 512, 512]
    case .resnet50: [64, 64, 128, 256, 512]
    }
  }
}
