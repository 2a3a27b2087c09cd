import Basics
import Model

extension ConfigurationKey {
  /// All keys, in the order of docs/formats.md section 5, which is the order they are written in.
  package static let all: [ConfigurationKey] =
    model + detection + data + batch + optimizer + schedule + loss + train + distributed

  private static let model: [ConfigurationKey] = [
    .choice(
      "model.architecture", \.model.architecture,
      "network; 32s, 16s and 8s differ in their skip connections; vgg16 classifies, mask-rcnn finds instances"),
    .choice(
      "model.geometry", \.model.geometry,
      "padding: same; padded100: 100 pixels around the image, as the published FCNs; valid: none before fc6, for vgg16"),
    .choice("model.upsampling", \.model.upsampling, "whether deconvolutions stay bilinear or are learned"),
    ConfigurationKey(
      path: "model.widths",
      summary: "channels of the five VGG blocks; of resnet50 the first convolution and the stages' 3 x 3",
      values: "[five whole numbers from 1 on]",
      read: { value, configuration in
        let elements = try value.list(of: "five whole numbers")
        guard elements.count == 5 else { throw value.failure(expected: "a list of five whole numbers") }
        configuration.model.widths = try elements.map { try $0.integer(in: 1...65_536) }
      },
      write: { "\($0.model.widths)" }),
    .integer("model.fc", \.model.fc, in: 1...65_536, "channels of fc6 and fc7"),
    .number("model.dropout", \.model.dropout, .fractionBelowOne, "share of fc6 and fc7 left out in training"),
    .number("model.skip_scale.pool4", \.model.pool4Scale, .any, "multiplies pool4 before its score layer"),
    .number("model.skip_scale.pool3", \.model.pool3Scale, .any, "multiplies pool3 before its score layer"),
    .optionalInteger(
      "model.classes", \.model.classes, in: 1...65_535, or: "auto", "number of classes; auto: as the dataset has"),
    .optionalInteger(
      "model.channels", \.model.channels, in: 1...65_536, or: "auto", "channels of an image; auto: as the dataset has"),
  ]

  private static let data: [ConfigurationKey] = [
    ConfigurationKey(
      path: "data.path", summary: "the dataset's folder; --data overrides it", values: "text, or none",
      read: { value, configuration in
        configuration.data.path = value.isAbsent(orWord: "none", amongTexts: true) ? nil : try value.text()
      },
      write: { $0.data.path.map(quotedWhereNeeded) ?? "none" }),
    .channelNumbers(
      "data.mean", \.data.mean, .any,
      "subtracted from every pixel; auto: of the --init file, else of the training images"),
    .channelNumbers("data.std", \.data.std, .positive, "divides every pixel; auto: as data.mean"),
    .choice("data.visible", \.data.visible, "what of each image the network sees, in training and after (below)"),
    ConfigurationKey(
      path: "data.background", summary: "with data.visible: the classes that are background; auto: 'background'",
      values: "[names of classes], or auto",
      read: { value, configuration in
        guard !value.isAbsent(orWord: "auto") else { return configuration.data.background = nil }
        let names = try value.list(of: "names of classes, or auto").map { try $0.text() }
        guard !names.isEmpty else { throw value.failure(expected: "a list of names of classes, or auto") }
        configuration.data.background = names
      },
      write: { $0.data.background.map { "[\($0.map(quotedWhereNeeded).joined(separator: ", "))]" } ?? "auto" }),
    .number("data.augment.flip", \.data.augment.flip, .fraction, "probability of mirroring left to right"),
    ConfigurationKey(
      path: "data.augment.scale", summary: "range of random scales", values: "[min, max], each in 0.05 … 20",
      read: { $1.data.augment.scale = try $0.bounds(within: 0.05...20) },
      write: { written($0.data.augment.scale) }),
    ConfigurationKey(
      path: "data.augment.crop", summary: "size every sample is cropped or padded to",
      values: "[height, width], or none",
      read: { value, configuration in
        guard !value.isAbsent(orWord: "none") else { return configuration.data.augment.crop = nil }
        let sides = try value.list(of: "two whole numbers, height and width, or none")
        guard sides.count == 2 else { throw value.failure(expected: "[height, width] or none") }
        configuration.data.augment.crop = try Configuration.ImageSize(
          height: sides[0].integer(in: 1...16_384), width: sides[1].integer(in: 1...16_384))
      },
      write: { $0.data.augment.crop.map { "[\($0.height), \($0.width)]" } ?? "none" }),
    ConfigurationKey(
      path: "data.augment.area",
      summary:
        "instead of a scale: share of the image that is cut out and resized to data.augment.crop (random resized crop)",
      values: "[min, max], each in 0.01 … 1, or none",
      read: { value, configuration in
        configuration.data.augment.area = value.isAbsent(orWord: "none") ? nil : try value.bounds(within: 0.01...1)
      },
      write: { $0.data.augment.area.map(written) ?? "none" }),
    ConfigurationKey(
      path: "data.augment.aspect", summary: "with area: width / height of what is cut out",
      values: "[min, max], each in 0.1 … 10", read: { $1.data.augment.aspect = try $0.bounds(within: 0.1...10) },
      write: { written($0.data.augment.aspect) }),
    .number(
      "data.augment.color", \.data.augment.color, .fractionBelowOne,
      "strength of brightness, contrast, saturation changes"),
  ]

  private static func written(_ range: ClosedRange<Float>) -> String { "[\(range.lowerBound), \(range.upperBound)]" }

  private static let batch: [ConfigurationKey] = [
    .integer("batch.global", \.batch.global, in: 1...1_048_576, "images of one step, over all ranks"),
    ConfigurationKey(
      path: "batch.micro",
      summary: "images that go through the network at once; auto: so that 8 ranks have work, or without "
        + "distributed.reproducible all ranks",
      values: "whole number, 1 … 65536, or auto",
      read: { value, configuration in
        configuration.batch.micro =
          value.word == "auto" ? Configuration.Batch.automatic : try value.integer(in: 1...65_536, or: "auto")
      },
      write: { $0.batch.micro == Configuration.Batch.automatic ? "auto" : "\($0.batch.micro)" }),
  ]

  private static let optimizer: [ConfigurationKey] = [
    .choice("optimizer.name", \.optimizer.name, "the update rule"),
    .number(
      "optimizer.learning_rate", \.optimizer.learningRate, .notNegative,
      "the schedule's base (left out: sgd 0.01, adamw 0.0003)"),
    .number("optimizer.momentum", \.optimizer.momentum, .fractionBelowOne, "sgd only"),
    .number("optimizer.weight_decay", \.optimizer.weightDecay, .notNegative, "decay of weights"),
    .number(
      "optimizer.bias_learning_rate_multiplier", \.optimizer.biasLearningRateMultiplier, .notNegative,
      "times the learning rate for biases"),
    .number("optimizer.bias_weight_decay", \.optimizer.biasWeightDecay, .notNegative, "decay of biases"),
    learningRateMultipliers, frozenLayers,
    ConfigurationKey(
      path: "optimizer.gradient_clip", summary: "largest norm of the whole gradient",
      values: "\(NumberRange.positive.description), or none",
      read: { value, configuration in
        let isOff = value.isAbsent(orWord: "none") || value.plainText.flatMap { Double($0) } == 0
        configuration.optimizer.gradientClip = isOff ? nil : try value.number(in: .positive, or: "none")
      },
      write: { $0.optimizer.gradientClip.map { "\($0)" } ?? "none" }),
    .number("optimizer.beta1", \.optimizer.beta1, .fractionBelowOne, "adamw only"),
    .number("optimizer.beta2", \.optimizer.beta2, .fractionBelowOne, "adamw only"),
    .number("optimizer.epsilon", \.optimizer.epsilon, .positive, "adamw only"),
    ConfigurationKey(
      path: "optimizer.ema_decay",
      summary: "keep a moving average of the parameters, which is what is evaluated and used (below); often 0.999",
      values: "\(NumberRange.fractionBelowOne.description), or none",
      read: { value, configuration in
        let isOff = value.isAbsent(orWord: "none") || value.plainText.flatMap { Double($0) } == 0
        configuration.optimizer.emaDecay = isOff ? nil : try value.number(in: .fractionBelowOne, or: "none")
      },
      write: { $0.optimizer.emaDecay.map { "\($0)" } ?? "none" }),
  ]

  private static let schedule: [ConfigurationKey] = [
    .choice("schedule.name", \.schedule.name, "learning rate schedule"),
    .integer(
      "schedule.warmup_steps", \.schedule.warmupSteps, in: 0...1_000_000_000, "steps of linear growth at the start"),
    .integer("schedule.step_size", \.schedule.stepSize, in: 1...1_000_000_000, "step: steps between reductions"),
    ConfigurationKey(
      path: "schedule.milestones", summary: "multistep: steps after which the rate is reduced",
      values: "[whole numbers from 1 on], or none",
      read: { value, configuration in
        guard !value.isAbsent(orWord: "none") else { return configuration.schedule.milestones = [] }
        configuration.schedule.milestones = try value.list(of: "steps, as [60000, 80000], or none").map {
          try $0.integer(in: 1...1_000_000_000)
        }
      },
      write: { $0.schedule.milestones.isEmpty ? "none" : "\($0.schedule.milestones)" }),
    .number("schedule.gamma", \.schedule.gamma, .fraction, "step, multistep: factor of a reduction"),
    .number("schedule.power", \.schedule.power, .positive, "poly: exponent"),
    .number("schedule.minimum", \.schedule.minimum, .notNegative, "poly, cosine, plateau: lowest learning rate"),
    .number("schedule.factor", \.schedule.factor, .fraction, "plateau: factor of a reduction"),
    .integer(
      "schedule.patience", \.schedule.patience, in: 0...1_000_000, "plateau: evaluations without progress to wait for"),
    .number(
      "schedule.threshold", \.schedule.threshold, .fraction,
      "plateau: smallest gain of mean IoU (vgg16: top-1) that counts as progress"),
  ]

  private static let loss: [ConfigurationKey] = [
    .choice("loss.name", \.loss.name, "what is minimised (below)"),
    .choice("loss.normalization", \.loss.normalization, "what the loss is divided by"),
    ConfigurationKey(
      path: "loss.class_weights", summary: "weight of each class in the loss",
      values: "none | median-frequency | sqrt-median-frequency | [one per class]",
      read: { value, configuration in
        configuration.loss.classWeights = try Configuration.Loss.ClassWeights(value)
      },
      write: { $0.loss.classWeights.written }),
    .number(
      "loss.label_smoothing", \.loss.labelSmoothing, .fractionBelowOne,
      "cross-entropy: share of the target that is spread over all classes"),
    .number("loss.gamma", \.loss.gamma, .notNegative, "focal: exponent of 1 - p"),
    .number(
      "loss.threshold", \.loss.threshold, .fraction, "ohem: pixels whose class has a larger probability are left out"),
    .integer(
      "loss.min_kept", \.loss.minimumKept, in: 1...268_435_456,
      "ohem: but at least so many pixels of an image are kept, the hardest"),
    .number(
      "loss.cross_entropy", \.loss.crossEntropy, .notNegative,
      "dice, lovasz: times the image's mean cross-entropy, which is added"),
  ]

  private static let train: [ConfigurationKey] = [
    ConfigurationKey(
      path: "train.epochs", summary: "length of the training (or train.steps)", values: "whole number from 1 on",
      read: { $1.train.duration = .epochs(try $0.integer(in: 1...1_000_000_000)) },
      write: { if case .epochs(let count) = $0.train.duration { "\(count)" } else { nil } }),
    ConfigurationKey(
      path: "train.steps", summary: "length of the training (or train.epochs)", values: "whole number from 0 on",
      read: { $1.train.duration = .steps(try $0.integer(in: 0...1_000_000_000)) },
      write: { if case .steps(let count) = $0.train.duration { "\(count)" } else { nil } }),
    ConfigurationKey(
      path: "train.seed", summary: "every random number comes from it", values: "whole number from 0 on",
      read: { value, configuration in
        guard let seed = value.plainText.flatMap({ UInt64($0) }) else {
          throw value.failure(expected: "a whole number in 0 … \(UInt64.max)")
        }
        configuration.train.seed = seed
      },
      write: { "\($0.train.seed)" }),
    .choice("train.precision", \.train.precision, "number format of the multiplications"),
    .cadence("train.evaluate_every", \.train.evaluateEvery, "how often the val split is evaluated"),
    .cadence("train.checkpoint_every", \.train.checkpointEvery, "how often the state is saved"),
    .integer("train.keep", \.train.keep, in: 1...1_000_000, "checkpoints to keep, besides the best"),
    .optionalInteger(
      "train.early_stop", \.train.earlyStop, in: 1...1_000_000, or: "none",
      "evaluations without a new best that end the training"),
    .choice(
      "train.nonfinite", \.train.nonfinite,
      "what to do when a loss or gradient is not finite; no rank applies that step"),
  ]

  private static let distributed: [ConfigurationKey] = [
    .choice(
      "distributed.coordinator", \.distributed.coordinator, "whether rank 0 only evaluates and writes checkpoints"),
    .choice("distributed.exchange", \.distributed.exchange, "how gradients are summed"),
    .choice("distributed.wire", \.distributed.wire, "number format of gradients between machines"),
    .integer(
      "distributed.wire_parts", \.distributed.wireParts, in: 1...65_536,
      "with wire bfloat16: parts of the batch whose sums are rounded once each; a power of two, best one per machine"),
    .choice(
      "distributed.overlap", \.distributed.overlap,
      "exchange gradients while others are computed; auto: between machines"),
    .integer(
      "distributed.bucket", \.distributed.bucket, in: 1...1_000_000_000_000,
      "parameters exchanged at once between machines"),
    .boolean("distributed.reproducible", \.distributed.reproducible, "the same bits for any number of ranks"),
    .optionalInteger(
      "distributed.threads", \.distributed.threads, in: 1...4096, or: "auto", "threads of a rank; auto: its cores"),
    .integer(
      "distributed.verify_every", \.distributed.verifyEvery, in: 0...1_000_000_000,
      "steps between comparisons of the machines' parameters; 0: no check of parameters in memory"),
  ]

  /// `text` as a YAML scalar: in quotes unless it is sure to be read back as itself.
  static func quotedWhereNeeded(_ text: String) -> String {
    let isPlain = text.utf8.allSatisfy {
      switch $0 {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "/"), UInt8(ascii: "."), UInt8(ascii: "_"):
        true
      default: false
      }
    }
    if isPlain, !["", "null", "none"].contains(text) { return text }
    let escaped = text.unicodeScalars.map { scalar -> String in
      switch scalar {
      case "\"": "\\\""
      case "\\": "\\\\"
      default: scalar.value < 32 || scalar.value == 127 ? escape(scalar.value) : String(scalar)
      }
    }
    return "\"\(escaped.joined())\""
  }

  private static func escape(_ code: UInt32) -> String {
    "\\x" + (code < 16 ? "0" : "") + String(code, radix: 16)
  }
}

extension Configuration.Loss.ClassWeights {
  private static let words: [(String, Self)] = [
    ("none", .none), ("median-frequency", .medianFrequency), ("sqrt-median-frequency", .squareRootMedianFrequency),
  ]

  init(_ value: ConfigurationValue) throws {
    if let word = value.word {
      let match = Self.words.first { word == $0.0 || ($0.0 == "none" && value.isAbsent(orWord: "none")) }
      guard let match else { throw value.unknownWord(of: Self.words.map(\.0), or: "[one per class]") }
      self = match.1
    } else {
      let weights = try value.floats(in: .notNegative, of: "numbers, one per class")
      guard weights.contains(where: { $0 > 0 }) else {
        throw value.failure(expected: "a list of numbers of which one is above 0")
      }
      self = .values(weights)
    }
  }

  var written: String {
    if case .values(let weights) = self { return "\(weights)" }
    return Self.words.first { $0.1 == self }?.0 ?? "none"
  }
}
