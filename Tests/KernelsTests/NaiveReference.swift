import Kernels

/// Sums of products in double, with the sum of their magnitudes to scale tolerances by.
struct NaiveResult {
  var values: [Double]
  var magnitudes: [Double]

  init(count: Int) {
    values = [Double](repeating: 0, count: count)
    magnitudes = values
  }

  mutating func add(_ a: Float, _ b: Float, at index: Int) {
    let product = Double(a) * Double(b)
    values[index] += product
    magnitudes[index] += abs(product)
  }

  /// The worst element, where one is further off than `sum` of its magnitudes plus `result` of itself.
  func disagreement(_ other: [Float], sum: Double, result: Double) -> String? {
    guard other.count == values.count else { return "\(other.count) elements instead of \(values.count)" }
    var worst: (excess: Double, text: String)?
    for index in values.indices {
      let error = abs(Double(other[index]) - values[index])
      let allowed = sum * magnitudes[index] + result * abs(values[index]) + 1e-12
      let excess = error.isNaN ? .infinity : error / allowed
      if excess > 1 && excess > worst?.excess ?? 0 {
        worst = (excess, "element \(index): \(other[index]) instead of \(values[index]) (allowed \(allowed))")
      }
    }
    return worst?.text
  }
}

/// Convolution and transposed convolution from their definitions, one product at a time.
///
/// Both are one relation: source pixel (y, x) meets destination pixel (v, u) through tap (i, j). For a convolution
/// y = stride * v + i - padding; for a transposed one v = stride * y + i - offset.
struct NaiveProduct {
  let source: ActivationShape
  let destination: ActivationShape
  let kernel: Int
  private let sourceRow: (_ destinationRow: Int, _ tap: Int) -> Int?
  private let weightIndex: (_ out: Int, _ input: Int, _ tap: Int) -> Int

  init(_ c: Convolution, source: ActivationShape) {
    self.source = source
    destination = c.destination(of: source)
    kernel = c.kernel
    sourceRow = { $0 * c.stride + $1 - c.padding }
    weightIndex = { ($0 * c.inputChannels + $1) * c.kernel * c.kernel + $2 }
  }

  init(_ d: Deconvolution, source: ActivationShape) {
    self.source = source
    destination = ActivationShape(images: source.images, height: d.height, width: d.width, channels: d.outputChannels)
    kernel = d.kernel
    sourceRow = { row, tap in
      let distance = row + d.offset - tap
      return distance % d.stride == 0 ? distance / d.stride : nil
    }
    weightIndex = { ($1 * d.outputChannels + $0) * d.kernel * d.kernel + $2 }
  }

  /// Calls `body` for each pair of pixels that meet, with the index of their first channels and the tap.
  private func forEachPair(_ body: (_ source: Int, _ destination: Int, _ tap: Int) -> Void) {
    for image in 0..<destination.images {
      for v in 0..<destination.height {
        for u in 0..<destination.width {
          for i in 0..<kernel {
            guard let y = sourceRow(v, i), y >= 0, y < source.height else { continue }
            for j in 0..<kernel {
              guard let x = sourceRow(u, j), x >= 0, x < source.width else { continue }
              body(
                ((image * source.height + y) * source.width + x) * source.channels,
                ((image * destination.height + v) * destination.width + u) * destination.channels, i * kernel + j)
            }
          }
        }
      }
    }
  }

  func forward(_ values: [Float], weights: [Float], bias: [Float]?) -> NaiveResult {
    var result = NaiveResult(count: destination.count)
    forEachPair { s, d, tap in
      for o in 0..<destination.channels {
        for i in 0..<source.channels { result.add(values[s + i], weights[weightIndex(o, i, tap)], at: d + o) }
      }
    }
    if let bias {
      for index in 0..<destination.count { result.add(bias[index % destination.channels], 1, at: index) }
    }
    return result
  }

  func backwardData(_ gradient: [Float], weights: [Float]) -> NaiveResult {
    var result = NaiveResult(count: source.count)
    forEachPair { s, d, tap in
      for o in 0..<destination.channels {
        for i in 0..<source.channels { result.add(gradient[d + o], weights[weightIndex(o, i, tap)], at: s + i) }
      }
    }
    return result
  }

  func backwardWeights(_ values: [Float], _ gradient: [Float]) -> NaiveResult {
    var result = NaiveResult(count: source.channels * destination.channels * kernel * kernel)
    forEachPair { s, d, tap in
      for o in 0..<destination.channels {
        for i in 0..<source.channels { result.add(values[s + i], gradient[d + o], at: weightIndex(o, i, tap)) }
      }
    }
    return result
  }

  func backwardBias(_ gradient: [Float]) -> NaiveResult {
    var result = NaiveResult(count: destination.channels)
    for (index, value) in gradient.enumerated() { result.add(value, 1, at: index % destination.channels) }
    return result
  }
}
