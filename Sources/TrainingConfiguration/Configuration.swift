import Basics
import Detection
import Model

/// Everything that decides a run (docs/formats.md section 5). The defaults of the properties are the defaults of the
/// keys.
///
/// `ConfigurationKey.all` lists the keys, what they mean and how they are read and written.
package struct Configuration: Equatable, Sendable {
  package var model = Model()
  package var data = Data()
  package var batch = Batch()
  package var optimizer = Optimizer()
  package var schedule = Schedule()
  package var loss = Loss()
  package var train = Train()
  package var distributed = Distributed()

  package init() {}
}

extension Configuration {
  /// The net (keys `model.*`).
  package struct Model: Equatable, Sendable {
    package var architecture = Architecture.fcn8s
    package var geometry = Geometry.same
    package var upsampling = Upsampling.learned
    /// Channels of the five parts of the backbone.
    package var widths = Backbone.vgg16.publishedWidths
    /// Channels of fc6 and fc7.
    package var fc = 4096
    package var dropout: Float = 0.5
    package var pool4Scale: Float = 1
    package var pool3Scale: Float = 1
    /// nil: as many as the dataset has.
    package var classes: Int?
    /// nil: as many as the dataset's images have.
    package var channels: Int?
    package var backbone = Backbone.vgg16 {
      // Another backbone has other widths, unless they were set.
      didSet { if widths == oldValue.publishedWidths { widths = backbone.publishedWidths } }
    }
    package var batchNormEpsilon: Float = 1e-5
    /// Of Mask R-CNN alone (keys `detection.*`).
    package var detection = DetectionSettings()
  }

  /// The dataset and how images are normalised and augmented (keys `data.*`).
  package struct Data: Equatable, Sendable {
    package var path: String?
    /// One per channel; nil: measured on the training images.
    package var mean: [Float]?
    /// One per channel; nil: measured on the training images.
    package var std: [Float]?
    package var visible = VisiblePart.image
    /// Names of the classes that are background; nil: the one called "background".
    package var background: [String]?
    package var augment = Augment()
  }

  /// Augmentation of training images (keys `data.augment.*`).
  package struct Augment: Equatable, Sendable {
    /// Probability that a sample is mirrored left to right.
    package var flip: Float = 0
    /// The range that a sample's scale is drawn from.
    package var scale: ClosedRange<Float> = 1...1
    /// The size every sample is cropped or padded to; nil: as it is.
    package var crop: ImageSize?
    /// Instead of a scale: the share of the image that is cut out and brought to the size of `crop`, drawn from here.
    package var area: ClosedRange<Float>?
    /// With `area`: width / height of what is cut out.
    package var aspect: ClosedRange<Float> = 0.75...(4 / 3)
    /// Strength of the change of brightness, contrast and saturation; 0 is none.
    package var color: Float = 0
  }

  /// Pixels.
  package struct ImageSize: Equatable, Sendable {
    package var height: Int
    package var width: Int
    package init(height: Int, width: Int) {
      self.height = height
      self.width = width
    }
  }

  /// Images of a step (keys `batch.*`).
  package struct Batch: Equatable, Sendable {
    /// Images of one step, over all ranks.
    package var global = 8
    /// Images that go through the network at once; `automatic` until `Configuration.settled` has chosen.
    package var micro = 1

    /// `batch.micro: auto`.
    package static let automatic = 0
  }

  /// What the learning rate of some layers is multiplied by.
  package struct LayerMultiplier: Equatable, Sendable {
    package var layers: LayerPattern
    package var factor: Double

    package init(layers: LayerPattern, factor: Double) {
      self.layers = layers
      self.factor = factor
    }
  }

  /// The update rule and its constants (keys `optimizer.*`).
  package struct Optimizer: Equatable, Sendable {
    /// Update rules.
    package enum Name: String, CaseIterable, Sendable { case sgd, adamw }

    package var name = Name.sgd
    /// What the schedule starts from.
    package var learningRate = Name.sgd.defaultLearningRate
    /// sgd only.
    package var momentum = 0.9
    package var weightDecay = 0.0005
    package var biasLearningRateMultiplier = 1.0
    package var biasWeightDecay = 0.0
    /// Times the learning rate, for the layers that fit; of several that fit, the last.
    package var learningRateMultipliers: [LayerMultiplier] = []
    /// Layers that stay as they are.
    package var freeze: [LayerPattern] = []
    /// What an exponential moving average of the parameters keeps of itself in a step; nil: there is none.
    package var emaDecay: Double?
    /// The largest global gradient norm; nil: no limit.
    package var gradientClip: Double?
    /// adamw only.
    package var beta1 = 0.9
    /// adamw only.
    package var beta2 = 0.999
    /// adamw only.
    package var epsilon = 1e-8
  }

  /// The learning rate over time (keys `schedule.*`).
  package struct Schedule: Equatable, Sendable {
    /// Learning rate schedules.
    package enum Name: String, CaseIterable, Sendable {
      case constant, step, multistep, poly, cosine, plateau
    }

    package var name = Name.poly
    /// Steps of linear growth from 0 to the base learning rate.
    package var warmupSteps = 0
    /// step: steps between two reductions.
    package var stepSize = 10_000
    /// multistep: updates after which the rate is reduced, ascending.
    package var milestones: [Int] = []
    /// step, multistep: the factor of each reduction.
    package var gamma = 0.1
    /// poly: the exponent.
    package var power = 0.9
    /// poly, cosine, plateau: the learning rate never falls below it.
    package var minimum = 0.0
    /// plateau: the factor of each reduction.
    package var factor = 0.5
    /// plateau: evaluations without progress that are waited for before a reduction.
    package var patience = 5
    /// plateau: how much the validation score (mean IoU or top-1, 0 ... 1) must grow to count as progress.
    package var threshold = 0.001
  }

  /// The loss (keys `loss.*`).
  package struct Loss: Equatable, Sendable {
    /// What the summed loss is divided by.
    package enum Normalization: String, CaseIterable, Sendable { case pixels, batch, sum }
    /// How classes are weighted in the loss.
    package enum ClassWeights: Equatable, Sendable {
      case none
      /// median class frequency / class frequency, over the training labels (Eigen and Fergus, ICCV 2015)
      case medianFrequency
      /// the square root of `medianFrequency`
      case squareRootMedianFrequency
      /// one per class
      case values([Float])
    }

    /// What is minimised.
    package enum Name: String, CaseIterable, Sendable {
      case crossEntropy = "cross-entropy"
      case focal
      case dice
      case lovasz
      /// Cross-entropy of hard pixels.
      case onlineHardPixels = "ohem"

      /// Is a loss a number of an image's regions, and not a sum over its pixels?
      package var isOfImage: Bool { ![.crossEntropy, .focal].contains(self) }
    }

    package var name = Name.crossEntropy
    package var normalization = Normalization.pixels
    package var classWeights = ClassWeights.none
    /// The share of the target that is spread evenly over all classes.
    package var labelSmoothing: Float = 0
    /// focal: the exponent of 1 - p.
    package var gamma = 2.0
    /// ohem: pixels whose class has a larger probability are easy.
    package var threshold: Float = 0.7
    /// ohem: but at least so many pixels of an image are trained on.
    package var minimumKept = 100_000
    /// dice, lovasz: times the image's mean cross-entropy that is added.
    package var crossEntropy = 0.0
  }

  /// Duration, precision and what happens when (keys `train.*`).
  package struct Train: Equatable, Sendable {
    /// How long a training takes.
    package enum Duration: Equatable, Sendable {
      case epochs(Int)
      case steps(Int)
    }

    /// What to do about a step that is not finite.
    package enum NonFinite: String, CaseIterable, Sendable { case stop, skip }

    package var duration = Duration.epochs(30)
    package var seed: UInt64 = 1
    package var precision = Precision.float32
    package var evaluateEvery = Interval.epoch
    package var checkpointEvery = Interval.epoch
    /// How many checkpoints stay, besides the best one.
    package var keep = 2
    /// Evaluations without a new best that end the training; nil: never.
    package var earlyStop: Int?
    /// What is done about a step whose loss or gradient is not finite.
    package var nonfinite = NonFinite.stop
  }

  /// Ranks and what goes between them (keys `distributed.*`).
  package struct Distributed: Equatable, Sendable {
    /// Who evaluates and writes.
    package enum Coordinator: String, CaseIterable, Sendable { case auto, dedicated, shared }
    /// How gradients are summed.
    package enum Exchange: String, CaseIterable, Sendable { case auto, allreduce, shared }
    /// What a gradient is sent as.
    package enum Wire: String, CaseIterable, Sendable { case float32, bfloat16 }
    /// Whether gradients are exchanged during the backward pass.
    package enum Overlap: String, CaseIterable, Sendable { case auto, always, never }

    package var coordinator = Coordinator.auto
    package var exchange = Exchange.auto
    package var wire = Wire.float32
    /// With `wire: bfloat16`: the gradients of so many parts of the batch, a power of two, are rounded once each,
    /// whatever the number of ranks.
    package var wireParts = 2
    package var overlap = Overlap.auto
    /// Parameters whose gradients are exchanged between machines at once.
    package var bucket = 8_388_608
    package var reproducible = true
    /// Threads of one rank; nil: the cores that the rank may use.
    package var threads: Int?
    /// Steps between two comparisons of the machines' parameters; 0: parameters in memory are never checked.
    package var verifyEvery = 100
  }
}

extension Configuration {
  /// With a number for `batch.micro: auto`. Micro-batches decide the bits, so that ranks decide about them only where
  /// `distributed.reproducible` is false; else there are at least eight of them, as far as there are images.
  package func settled(trainers: Int) -> Configuration {
    guard batch.micro == Batch.automatic else { return self }
    let parts = distributed.reproducible ? 8 : max(1, trainers)
    var configuration = self
    configuration.batch.micro = min(Self.mostAutomatic, max(1, batch.global / parts))
    return configuration
  }

  /// More images at once take more memory and are hardly faster.
  private static let mostAutomatic = 4
}

extension Configuration.Distributed {
  /// Parts of the batch whose gradients are rounded to bfloat16; nil: none is.
  package var roundedParts: Int? { wire == .bfloat16 ? wireParts : nil }

  /// Are gradients exchanged while others are still computed? On one machine that only takes turns on the same cores.
  package func overlaps(machines: Int) -> Bool {
    switch overlap {
    case .auto: machines > 1 && exchange != .allreduce
    case .always: true
    case .never: false
    }
  }
}

extension Configuration.Optimizer.Name {
  /// The base learning rate where the configuration names none.
  package var defaultLearningRate: Double {
    switch self {
    case .sgd: 0.01
    case .adamw: 0.0003
    }
  }
}

extension Configuration.Train {
  /// The number of steps of the whole training.
  ///
  /// - Parameter positionOffset: images by which it is ahead of steps × `batch`, because earlier steps had others.
  package func totalSteps(batch: Int, sampleCount: Int, positionOffset: Int = 0) -> Int {
    switch duration {
    case .steps(let steps): return steps
    case .epochs(let epochs):
      let (samples, overflow) = epochs.multipliedReportingOverflow(by: sampleCount)
      // What nobody lives to see need not be exact, and leaves room to count on.
      let most = Int.max / 4
      return ((overflow ? most : min(samples, most)) - positionOffset + batch - 1) / batch
    }
  }
}
