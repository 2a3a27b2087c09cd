import Basics

/// Binary cross-entropy of a logit z and a target t in 0 ... 1, without overflow: max(z, 0) - z t + log(1 + e^-|z|).
struct BinaryCrossEntropy {
  let loss: Double
  /// The derivative by the logit.
  let slope: Double

  init(logit: Float, target: Float) {
    let (z, t) = (Double(logit), Double(target))
    let small = exponential(-abs(z))
    loss = max(z, 0) - z * t + logarithm(1 + small)
    slope = (z >= 0 ? 1 / (1 + small) : small / (1 + small)) - t
  }
}
