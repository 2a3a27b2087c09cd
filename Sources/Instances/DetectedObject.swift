import Detection

/// One object that a network has found in an image.
package struct DetectedObject: Sendable {
  /// In pixels of the original image.
  package let box: Box
  /// 1 ..< classes.
  package let category: Int
  package let score: Float
  /// Probabilities of the box's cells, [28, 28].
  package let mask: [Float]

  /// The pixels that belong to it with a probability of one half or more.
  ///
  /// - Throws: bad data where the box is not near the image.
  package func runs(imageHeight: Int, imageWidth: Int) throws -> RunLengths {
    try mask.withUnsafeBufferPointer {
      try MaskPasting($0, size: DetectionSettings.maskSize, box: box).runs(
        imageHeight: imageHeight, imageWidth: imageWidth)
    }
  }
}
