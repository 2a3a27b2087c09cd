/// What a scene is made of; raw values are labels.
enum SceneClass: UInt8, CaseIterable {
  case sky, building, tree, grass, road, car, sign, person

  /// The label of pixels on the border between two of them.
  static let border = 255
}
