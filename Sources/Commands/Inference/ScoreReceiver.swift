/// Takes the scores of all images, on rank 0 and in the images' order.
protocol ScoreReceiver: AnyObject {
  /// - Parameter shape: [classes, height, width], of a classifier [classes].
  func write(_ logits: [Float], key: String, shape: [Int]) throws
  /// After the last image.
  func finish() throws
}
