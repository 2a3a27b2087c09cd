import Basics
import CVector
import Exchange
import Model
import TrainingConfiguration

/// The update of the master weights. Element by element, so that any slice of the arena can be updated alone.
package struct Optimizer: Equatable, Sendable {
  /// The update rule, with its constants.
  package enum Rule: Equatable, Sendable {
    /// v = momentum*v + g + decay*p; p -= rate*v (Caffe's rule, docs/formats.md section 2).
    case sgd(momentum: Float)
    /// Decoupled weight decay (Loshchilov & Hutter, ICLR 2019).
    case adamw(beta1: Float, beta2: Float, epsilon: Float)
  }

  package let rule: Rule
  package let weightDecay: Float
  package let biasWeightDecay: Float
  package let biasLearningRateMultiplier: Float
  /// What a moving average of the parameters keeps of itself in a step, at most; nil: there is none.
  package let averageDecay: Double?
  /// By layer; 1 where there is none.
  package let learningRateMultipliers: [String: Float]

  package init(
    rule: Rule, weightDecay: Float, biasWeightDecay: Float, biasLearningRateMultiplier: Float,
    averageDecay: Double? = nil, learningRateMultipliers: [String: Float] = [:]
  ) {
    self.rule = rule
    self.weightDecay = weightDecay
    self.biasWeightDecay = biasWeightDecay
    self.biasLearningRateMultiplier = biasLearningRateMultiplier
    self.averageDecay = averageDecay
    self.learningRateMultipliers = learningRateMultipliers
  }

  package init(_ settings: Configuration.Optimizer, learningRateMultipliers: [String: Float] = [:]) {
    let rule: Rule
    switch settings.name {
    case .sgd: rule = .sgd(momentum: Float(settings.momentum))
    case .adamw:
      rule = .adamw(
        beta1: Float(settings.beta1), beta2: Float(settings.beta2), epsilon: Float(settings.epsilon))
    }
    self.init(
      rule: rule, weightDecay: Float(settings.weightDecay), biasWeightDecay: Float(settings.biasWeightDecay),
      biasLearningRateMultiplier: Float(settings.biasLearningRateMultiplier),
      averageDecay: settings.emaDecay, learningRateMultipliers: learningRateMultipliers)
  }

  package var name: String {
    switch rule {
    case .sgd: return "sgd"
    case .adamw: return "adamw"
    }
  }

  /// The state arenas it keeps beside the master, as they are called in a checkpoint.
  package var optimizerStateNames: [String] {
    let moments =
      switch rule {
      case .sgd: ["momentum"]
      case .adamw: ["first_moment", "second_moment"]
      }
    return moments + (averageDecay == nil ? [] : [ParameterStore.averageName])
  }

  /// How far the average goes towards the parameters in an update. It keeps (1 + n) / (10 + n) of itself at first, so
  /// that the parameters of the beginning are soon forgotten (as TensorFlow's `ExponentialMovingAverage` with
  /// `num_updates`).
  ///
  /// - Parameter step: counts updates from 1.
  package static func averageShare(decay: Double, step: Int) -> Float {
    Float(1 - min(decay, (1 + Double(step)) / (10 + Double(step))))
  }

  /// Updates the elements of `slices`, but for layers that are not trained.
  ///
  /// - Parameters:
  ///   - gradient: indexed like the arena; multiplied by `gradientScale` (clipping) as it is read.
  ///   - step: counts updates from 1 (AdamW's bias correction).
  package func update(
    _ slices: [Range<Int>], of table: ParameterTable, master: UnsafeMutablePointer<Float>,
    optimizerState: [UnsafeMutablePointer<Float>], gradient: UnsafePointer<Float>, gradientScale: Float,
    learningRate: Float, step: Int, pool: WorkerPool
  ) {
    let pieceLength = 1 << 18
    let updated = table.parameters.filter(\.isTrained)
    for (parameter, range) in updated.flatMap({ one in slices.map { (one, one.range.clamped(to: $0)) } }) {
      if range.isEmpty { continue }
      let isBias = parameter.kind == .bias
      let layerRate = learningRate * learningRateMultipliers[parameter.layer, default: 1]
      let rate = isBias ? layerRate * biasLearningRateMultiplier : layerRate
      let decay = isBias ? biasWeightDecay : weightDecay
      pool.runRanges(range.count, grain: pieceLength) { piece in
        let start = range.lowerBound + piece.lowerBound
        let count = piece.count
        switch rule {
        case .sgd(let momentum):
          cvector_sgd(
            master + start, optimizerState[0] + start, gradient + start, count, gradientScale, momentum, decay, rate)
        case .adamw(let beta1, let beta2, let epsilon):
          cvector_adamw(
            master + start, optimizerState[0] + start, optimizerState[1] + start, gradient + start, count,
            gradientScale, beta1, beta2,
            Float(1 - power(Double(beta1), Double(step))), Float(1 - power(Double(beta2), Double(step))), epsilon,
            decay, rate)
        }
      }
    }
    if let averageDecay, let average = optimizerState.last {
      // Frozen layers too: they may have been trained before.
      let share = Self.averageShare(decay: averageDecay, step: step)
      for range in slices {
        pool.runRanges(range.count, grain: pieceLength) { piece in
          let start = range.lowerBound + piece.lowerBound
          cvector_move_towards(average + start, master + start, piece.count, share)
        }
      }
    }
  }
}

extension Configuration.Optimizer {
  /// What a gradient of this norm is multiplied by, so that it is no longer than `gradient_clip`.
  package func gradientScale(norm: Double) -> Float {
    guard let gradientClip, norm > gradientClip else { return 1 }
    return Float(gradientClip / norm)
  }
}
