import Basics

/// A tensor of a foreign weight file, whose values are fetched when they are needed.
package struct SourceTensor: Sendable {
  /// As the file has it.
  package let name: String
  package let shape: [Int]
  /// The order of its axes.
  let axes: Axes
  let fetch: @Sendable () throws -> [Float]

  enum Axes: Sendable {
    /// [out, in, height, width], or [out, in]: PyTorch, ONNX, Caffe.
    case outputsFirst
    /// [height, width, in, out], or [in, out] with rows in the order height, width, channel: Keras.
    case outputsLast
  }

  init(_ name: String, shape: [Int], axes: Axes = .outputsFirst, fetch: @escaping @Sendable () throws -> [Float]) {
    self.name = name
    self.shape = shape
    self.axes = axes
    self.fetch = fetch
  }

  /// All values in the file's order.
  ///
  /// - Throws: `Failure(.badData)` where a value is not finite, or their number is not the shape's.
  func values(in path: String) throws -> [Float] {
    let values = try fetch()
    guard values.count == shape.reduce(1, *) else {
      throw Failure(.badData, "\(path): tensor '\(name)' of shape \(shape) has \(values.count) values")
    }
    if let place = values.firstIndex(where: { !$0.isFinite }) {
      throw Failure(
        .badData, "\(path): value \(place) of tensor '\(name)' is \(values[place]), not a finite number",
        remedy: "the weights are broken: take another checkpoint of that training")
    }
    return values
  }

  /// The number of elements of a shape, nil where it has a negative extent or does not fit 2^40 elements.
  static func count(_ shape: [Int]) -> Int? {
    var count = 1
    for extent in shape {
      let (product, overflows) = count.multipliedReportingOverflow(by: extent)
      guard extent >= 0, !overflows, product <= 1 << 40 else { return nil }
      count = product
    }
    return count
  }
}
