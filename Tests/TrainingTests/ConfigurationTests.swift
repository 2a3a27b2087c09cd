import Basics
import Foundation
import Model
import TestSupport
import Testing
import TrainingConfiguration

private func read(_ text: String, _ overrides: [String] = []) throws -> Configuration {
  try Configuration(yaml: text, file: "test.yaml", overrides: overrides)
}

/// The message of the failure that reading `text` ends in; "" when it succeeds.
private func message(_ text: String, _ overrides: [String] = []) -> String {
  do {
    _ = try read(text, overrides)
    return ""
  } catch let failure as Failure {
    return failure.kind == .configuration ? failure.description : "kind \(failure.kind)"
  } catch {
    return "another error: \(error)"
  }
}

@Suite struct ConfigurationTests {
  @Test func readsEverySection() throws {
    let configuration = try read(
      """
      model:
        architecture: fcn16s
        geometry: padded100
        widths: [8, 16, 16, 24, 32]
        skip_scale: {pool4: 0.01, pool3: 0.0001}
        classes: 7
      data:
        path: /data/cam vid   # a blank inside
        mean: [110.0, 115, 1.2e2]
        std: [60.0, 60.0, 60.0]
        augment: {flip: 0.5, scale: [0.75, 1.75], crop: [320, 480]}
      batch: {global: 4, micro: 2}
      optimizer: {name: sgd, learning_rate: 1e-10, momentum: 0.99, gradient_clip: 1}
      schedule: {name: plateau, patience: 3}
      loss: {normalization: sum, class_weights: [1.0, 0.5, 2, 1, 1, 1, 1]}
      train: {steps: 3, seed: 18446744073709551615, precision: bfloat16, evaluate_every: 0, checkpoint_every: epoch}
      distributed: {coordinator: shared, reproducible: false}
      """)
    #expect(configuration.model.architecture == .fcn16s)
    #expect(configuration.model.geometry == .padded100)
    #expect(configuration.model.widths == [8, 16, 16, 24, 32])
    #expect(configuration.model.pool4Scale == 0.01 && configuration.model.pool3Scale == 0.0001)
    #expect(configuration.model.classes == 7 && configuration.model.channels == nil)
    #expect(configuration.data.path == "/data/cam vid")
    #expect(configuration.data.mean == [110, 115, 120])
    #expect(configuration.data.augment.scale == 0.75...1.75)
    #expect(configuration.data.augment.crop == Configuration.ImageSize(height: 320, width: 480))
    #expect(configuration.batch.global == 4 && configuration.batch.micro == 2)
    #expect(configuration.optimizer.learningRate == 1e-10 && configuration.optimizer.gradientClip == 1)
    #expect(configuration.schedule.name == .plateau && configuration.schedule.patience == 3)
    #expect(configuration.loss.classWeights == .values([1, 0.5, 2, 1, 1, 1, 1]))
    #expect(configuration.train.duration == .steps(3) && configuration.train.seed == .max)
    #expect(configuration.train.evaluateEvery == .never && configuration.train.checkpointEvery == .epoch)
    #expect(!configuration.distributed.reproducible)
  }

  @Test func whatIsLeftOutHasItsDefault() throws {
    #expect(try read("") == Configuration())
    #expect(try read("# nothing\ntrain:\n") == Configuration())
    #expect(try read("optimizer: {name: adamw}").optimizer.learningRate == 0.0003)
    #expect(try read("optimizer: {name: adamw, learning_rate: 0.01}").optimizer.learningRate == 0.01)
  }

  /// JSON knows words only in quotes, and some write it with tabs.
  @Test func jsonIsAConfiguration() throws {
    let configuration = try read(
      """
      {
      \t"model": {"architecture": "fcn16s", "geometry": "padded100", "classes": "auto", "widths": [8, 8, 8, 8, 8]},
      \t"data": {"path": "a b/c", "mean": "auto", "augment": {"crop": "none", "flip": 0.5}},
      \t"batch": {"global": 4, "micro": "auto"},
      \t"optimizer": {"name": "adamw", "learning_rate": 1e-3, "gradient_clip": "none"},
      \t"schedule": {"name": "poly"},
      \t"loss": {"class_weights": "median-frequency", "normalization": "pixels"},
      \t"train": {"epochs": 3, "evaluate_every": "epoch", "checkpoint_every": "never", "early_stop": null,
      \t\t"precision": "bfloat16", "nonfinite": "skip"},
      \t"distributed": {"coordinator": "shared", "reproducible": true, "threads": "auto"}
      }
      """)
    #expect(configuration.model.architecture == .fcn16s && configuration.model.geometry == .padded100)
    #expect(
      configuration.data.path == "a b/c" && configuration.data.mean == nil && configuration.data.augment.crop == nil)
    #expect(configuration.optimizer.name == .adamw && configuration.optimizer.learningRate == 0.001)
    #expect(configuration.optimizer.gradientClip == nil && configuration.schedule.name == .poly)
    #expect(configuration.loss.classWeights == .medianFrequency)
    #expect(configuration.train.evaluateEvery == .epoch && configuration.train.checkpointEvery == .never)
    #expect(configuration.train.precision == .bfloat16 && configuration.train.nonfinite == .skip)
    #expect(configuration.distributed.coordinator == .shared && configuration.batch.micro == 0)
  }

  /// As it is read without quotes, whatever quotes it has.
  @Test(arguments: ["model.architecture=fcn8s", "schedule.name=step", "train.evaluate_every=never", "batch.micro=auto"])
  func wordsMayHaveQuotes(assignment: String) throws {
    let plain = try read("", [assignment])
    for quote in ["'", "\""] {
      #expect(try read("", [assignment.replacing("=", with: "=" + quote) + quote]) == plain)
    }
  }

  @Test func aByteOrderMarkIsNoPartOfTheText() throws {
    // The second section shows it: the first one's column is wrong with the mark.
    for end in ["\n", "\r\n"] {
      for later in ["", "\u{FEFF}"] {
        let lines = ["\u{FEFF}model:", "  fc: 3", later + "batch:", "  global: 6", ""]
        let configuration = try read(lines.joined(separator: end))
        #expect(configuration.model.fc == 3 && configuration.batch.global == 6)
      }
    }
    #expect(try read("\u{FEFF}{\"model\": {\"fc\": 3}}").model.fc == 3)
    #expect(try read("data: {path: \"a\u{FEFF}b\"}").data.path == "a\u{FEFF}b")
  }

  /// The bits depend on micro-batches: ranks decide about them only where bits may depend on ranks.
  @Test(
    arguments: [
      (1, true, 1), (8, true, 1), (15, true, 1), (16, true, 2), (64, true, 4), (8, false, 2), (9, false, 3),
      (2, false, 1),
    ])
  func automaticMicroBatchesGiveRanksWork(global: Int, isReproducible: Bool, micro: Int) throws {
    let text = "batch: {global: \(global), micro: auto}\ndistributed: {reproducible: \(isReproducible)}"
    let configuration = try read(text)
    #expect(configuration.yaml.contains("micro: auto"))
    #expect(configuration.settled(trainers: 3).batch.micro == (isReproducible || global != 8 ? micro : 2))
    if isReproducible {
      #expect(configuration.settled(trainers: 1) == configuration.settled(trainers: 100))
    }
    #expect(try read("batch: {global: 8, micro: 3}").settled(trainers: 3).batch.micro == 3)
  }

  @Test(arguments: ["0", "never", "none"]) func neverHasAWordOfItsOwn(word: String) throws {
    #expect(try read("train: {evaluate_every: \(word)}").train.evaluateEvery == .never)
  }

  @Test func overridesComeLastAndInOrder() throws {
    let configuration = try read(
      "optimizer: {learning_rate: 1}\ntrain: {epochs: 3}",
      ["optimizer.learning_rate=0.5", "optimizer.learning_rate=0.25", "train.steps=9", "data.augment={flip: 0.5}"])
    #expect(configuration.optimizer.learningRate == 0.25)
    #expect(configuration.train.duration == .steps(9))
    #expect(configuration.data.augment.flip == 0.5)
  }

  @Test(arguments: [
    (
      "model: {architecture: fcn8}",
      "test.yaml:1: model.architecture must be fcn32s | fcn16s | fcn8s | vgg16 | mask-rcnn, found fcn8; did you mean fcn8s?"
    ),
    (
      "optimizer:\n  learning_rat: 1",
      "test.yaml:2: there is no key optimizer.learning_rat; did you mean optimizer.learning_rate?"
    ),
    ("modle: {fc: 3}", "test.yaml:1: there is no key modle; did you mean model?"),
    ("learning_rate: 1", "there is no key learning_rate; did you mean optimizer.learning_rate?"),
    ("train: {lr: 1}", "there is no key train.lr; did you mean optimizer.learning_rate?"),
    ("batch: {xyzzy: 1}", "there is no key batch.xyzzy; the keys of batch are global, micro"),
    ("\nbatch:\n\n  global: many", "test.yaml:4: batch.global must be a whole number in 1 … 1048576, found many"),
    ("batch: {global: 0}", "batch.global must be a whole number in 1 … 1048576, found 0"),
    ("batch: {global: '8'}", "batch.global must be a whole number in 1 … 1048576, found the text \"8\""),
    ("batch: {global: 99999999999999999999}", "found 99999999999999999999"),
    ("batch: 8", "test.yaml:1: batch must be a section with the keys global, micro, found 8"),
    ("batch: {global: [8]}", "batch.global must be a whole number in 1 … 1048576, found a list of 1"),
    ("batch: {global: 8, global: 9}", "test.yaml:1: global stands twice in one section"),
    ("batch: {global: 2, micro: 4}", "test.yaml: batch.micro (4) is larger than batch.global (2)"),
    ("optimizer: {learning_rate: .inf}", "optimizer.learning_rate must be a finite number, not below 0, found .inf"),
    ("optimizer: {learning_rate: inf}", "must be a finite number"),
    ("optimizer: {learning_rate: nan}", "must be a finite number"),
    ("optimizer: {learning_rate: 1e999}", "must be a finite number"),
    ("model: {dropout: 1}", "model.dropout must be a number from 0 to below 1, found 1"),
    ("model: {widths: [1, 2]}", "model.widths must be a list of five whole numbers, found a list of 2"),
    ("model: {widths: [1, 2, 3, 4, 0]}", "model.widths[4] must be a whole number in 1 … 65536, found 0"),
    ("data: {augment: {scale: [2, 1]}}", "data.augment.scale must be a list of two numbers in 0.05 … 20"),
    ("data: {mean: [1, 2], std: [1]}", "data.mean has 2 values and data.std 1"),
    ("data: {mean: [1]}", "only one of data.mean and data.std is given"),
    ("loss: {class_weights: median}", "loss.class_weights must be none | median-frequency"),
    ("loss: {class_weights: [0, 0]}", "loss.class_weights must be a list of numbers of which one is above 0"),
    ("data: {augment: {color: 1}}", "test.yaml:1: data.augment.color must be a number from 0 to below 1, found 1"),
    ("data: {augment: {crop: [8, 20000]}}", "data.augment.crop[1] must be a whole number in 1 … 16384, found 20000"),
    ("train: {evaluate_every: always}", "must be a whole number in 0 … 1000000000 or epoch or never, found always"),
    ("model: {classes: 3}\nloss: {class_weights: [1]}", "loss.class_weights has 1 values and model.classes is 3"),
    ("train: {epochs: 3, steps: 4}", "train has both epochs and steps"),
    ("distributed: {reproducible: yes}", "distributed.reproducible must be true or false, found yes"),
    ("- a\n- b", "test.yaml: it is not a configuration"),
    ("model: {architecture: [}", "test.yaml:1: "),
    ("model:\n\tfc: 3", "test.yaml:2: "),
    ("a: &x 1\nb: *x", "test.yaml:2: YAML aliases (*name) are not taken"),
    ("a: 1\n---\nb: 1", "another document"),
    ("? [a]\n: 1", "test.yaml:1: a key must be a word"),
    (
      "model.fc: 3", "test.yaml:1: there is no key model.fc with a dot in its name; did you mean 'model: {fc: …}'? In"
    ),
    ("data: {augment.flip: 1}", "there is no key data.augment.flip with a dot in its name; did you mean 'data: {augm"),
    ("optimizer.lr: 1", "did you mean 'optimizer: {learning_rate: …}'?"),
    ("xyzzy.plugh: 1", "there is no key xyzzy.plugh; the sections are model, detection, data, batch"),
    (
      "model: {architecture: \"fcn8\"}",
      "must be fcn32s | fcn16s | fcn8s | vgg16 | mask-rcnn, found the text \"fcn8\"; did you mean fcn8s?"
    ),
    ("\u{FEFF}batch:\n  global: 0", "test.yaml:2: batch.global must be"),
    ("\u{FEFF}modle: {fc: 3}", "test.yaml:1: there is no key modle; did you mean model?"),
    ("batch: {micro: automatic}", "batch.micro must be a whole number in 1 … 65536 or auto, found automatic"),
  ])
  func saysWhatIsWrongAndWhere(text: String, expected: String) {
    #expect(message(text).contains(expected), "\(message(text))")
  }

  @Test(arguments: [
    ("batch.globl=3", "--set: there is no key batch.globl; did you mean batch.global?"),
    ("batch.global", "--set batch.global: there is no value"),
    ("batch.global=", "--set: batch.global must be a whole number in 1 … 1048576, found nothing"),
    ("batch=3", "--set: batch must be a section with the keys global, micro, found 3"),
    ("=3", "there is no value"),
    ("model.widths=[1", "--set model.widths:2: it is not valid YAML"),
  ])
  func saysWhatIsWrongInAnOverride(assignment: String, expected: String) {
    #expect(message("", [assignment]).contains(expected), "\(message("", [assignment]))")
  }

  @Test func writesWhatItReads() throws {
    var configuration = Configuration()
    #expect(try read(configuration.yaml) == configuration)
    configuration.data.path = "/a b/\"c\"\\\n#: {x}"
    configuration.data.mean = [104.00699, 116.66877, 122.67892]
    configuration.data.std = [.leastNonzeroMagnitude, 1, .greatestFiniteMagnitude]
    configuration.data.augment.crop = Configuration.ImageSize(height: 3, width: 4)
    configuration.optimizer.learningRate = 0.1 + 0.2
    configuration.optimizer.gradientClip = 1e-300
    configuration.loss.classWeights = .values([0.1, 2])
    configuration.train.duration = .steps(17)
    configuration.train.evaluateEvery = .steps(5)
    configuration.train.checkpointEvery = .never
    configuration.train.earlyStop = 4
    configuration.distributed.threads = 3
    #expect(try read(configuration.yaml) == configuration)
    for path in ["none", "null", "~", "", "12", "true", "-", "ünïcode", "%x", "@y", "a: b"] {
      configuration.data.path = path
      #expect(try read(configuration.yaml).data.path == path, "\(configuration.yaml)")
    }
    for weights in [Configuration.Loss.ClassWeights.none, .medianFrequency, .squareRootMedianFrequency] {
      configuration.loss.classWeights = weights
      #expect(try read(configuration.yaml).loss.classWeights == weights)
    }
  }

  @Test func everyKeyIsWrittenOnceAndDescribed() {
    var configuration = Configuration()
    for duration in [Configuration.Train.Duration.epochs(2), .steps(2)] {
      configuration.train.duration = duration
      configuration.model.architecture = .maskRCNN
      let lines = configuration.yaml.split(separator: "\n").filter { !$0.hasSuffix(":") }
      #expect(lines.count == ConfigurationKey.all.count - 1)
      configuration.model.architecture = .fcn8s
      #expect(!configuration.yaml.contains("detection:"))
    }
    #expect(Set(ConfigurationKey.all.map(\.path)).count == ConfigurationKey.all.count)
    #expect(ConfigurationKey.all.allSatisfy { !$0.summary.isEmpty && !$0.values.isEmpty })
  }

  /// Whatever the text is, reading it ends in a configuration that writes and reads itself, or in a failure that names
  /// the file. Half of the texts get one small change, of which many are none; the others get several of any kind.
  @Test func damagedTextNeverTraps() {
    var random = Philox(seed: 1, purpose: .test, stream: 77)
    let original = Array(Configuration().yaml.utf8)
    var accepted = [0, 0]
    for round in 0..<3000 {
      let isSmall = round % 2 == 0
      var bytes = original
      for _ in 0...(isSmall ? 0 : random.next(below: 3)) {
        if isSmall { changeSlightly(&bytes, &random) } else { damage(&bytes, &random) }
        if bytes.isEmpty { bytes = [10] }
      }
      let text = String(decoding: bytes, as: UTF8.self)
      let outcome = message(text)
      #expect(outcome.isEmpty || outcome.contains("test.yaml"), "\(outcome)")
      guard outcome.isEmpty, let configuration = try? read(text) else { continue }
      accepted[round % 2] += 1
      #expect((try? read(configuration.yaml)) == configuration)
    }
    // Both ends are reached often, whatever the default configuration looks like.
    #expect((300...1200).contains(accepted[0]) && accepted[1] < 750, "\(accepted)")
  }

  /// A digit becomes another, or a line gets a comment or a blank at its end.
  private func changeSlightly(_ bytes: inout [UInt8], _ random: inout Philox) {
    func place(_ isWanted: (UInt8) -> Bool) -> Int {
      let places = bytes.indices.filter { isWanted(bytes[$0]) }
      return places.isEmpty ? 0 : places[Int(random.next(below: UInt32(places.count)))]
    }
    switch random.next(below: 3) {
    case 0: bytes[place { (48...57).contains($0) }] = 48 + UInt8(random.next(below: 10))
    case 1: bytes.insert(contentsOf: Array("  # why".utf8), at: place { $0 == 10 })
    default: bytes[Int(random.next(below: UInt32(bytes.count)))] = UInt8(truncatingIfNeeded: random.nextUInt32())
    }
  }

  private func damage(_ bytes: inout [UInt8], _ random: inout Philox) {
    let pieces = [
      ": ", "- ", "{", "}", "[", "]", "\n", "\t", "'", "\"", "&a", "*a", "!!int", "1e9", "\0", "é", "|", ">", "#", "%",
    ]
    let position = Int(random.next(below: UInt32(bytes.count)))
    switch random.next(below: 4) {
    case 0: bytes[position] = UInt8(truncatingIfNeeded: random.nextUInt32())
    case 1: bytes.removeSubrange(position..<min(bytes.count, position + Int(random.next(below: 20)) + 1))
    case 2:
      let piece = pieces[Int(random.next(below: UInt32(pieces.count)))]
      bytes.insert(contentsOf: Array(piece.utf8), at: position)
    default:
      let end = min(bytes.count, position + Int(random.next(below: 40)))
      bytes.insert(contentsOf: Array(bytes[position..<end]), at: Int(random.next(below: UInt32(bytes.count))))
    }
  }

  @Test func hostileTextEndsInTime() {
    #expect(message(String(repeating: "[", count: 200_000)) != "")
    #expect(message(String(repeating: "? ", count: 100_000)) != "")
    #expect(message(String(repeating: "a: ", count: 100_000)) != "")
    #expect(message("train: " + String(repeating: "{a: ", count: 900) + String(repeating: "}", count: 900)) != "")
    #expect(message(String(repeating: "x", count: 2 << 20)).contains("too many"))
  }

  @Test(arguments: [
    ("learning_rate", "learning_rat", 1), ("abc", "acb", 1), ("", "abc", 3), ("abc", "", 3), ("kitten", "sitting", 3),
    ("a", "a", 0),
  ])
  func spellingDistance(a: String, b: String, expected: Int) {
    #expect(Spelling.distance(Array(a.utf8), Array(b.utf8)) == expected)
  }
}

@Suite struct CadenceTests {
  @Test func countsStepsAndEpochs() {
    func due(_ cadence: Interval, _ batch: Int, _ samples: Int) -> [Int] {
      (0...10).filter { cadence.isDue(afterStep: $0, batch: batch, sampleCount: samples) }
    }
    #expect(due(.never, 4, 10) == [])
    #expect(due(.steps(4), 4, 10) == [4, 8])
    // Epochs of 10 images in steps of 4: completed by images 12, 20, 32, 40.
    #expect(due(.epoch, 4, 10) == [3, 5, 8, 10])
    // A step of several epochs completes one once.
    #expect(due(.epoch, 30, 10) == Array(1...10))
  }

  @Test func totalStepsCoverTheEpochs() throws {
    var train = Configuration().train
    train.duration = .epochs(3)
    #expect(train.totalSteps(batch: 4, sampleCount: 10) == 8)
    train.duration = .steps(5)
    #expect(train.totalSteps(batch: 4, sampleCount: 10) == 5)
    train.duration = .epochs(.max)
    #expect(train.totalSteps(batch: 4, sampleCount: 10) > 1_000_000)
  }
}

@Suite struct ModelSettingsTests {
  @Test func defaultsAreTheModelsOwn() throws {
    let settings = try read("model: {classes: 3, channels: 3}").model
    #expect(try ModelConfiguration(settings) == ModelConfiguration(classes: 3))
  }

  @Test func everyKeyArrives() throws {
    let settings = try read(
      """
      model: {architecture: fcn32s, geometry: padded100, upsampling: fixed, widths: [1, 2, 3, 4, 5], fc: 6,
        dropout: 0.25, skip_scale: {pool4: 2, pool3: 3}, classes: 7, channels: 8}
      """
    ).model
    #expect(
      try ModelConfiguration(settings)
        == ModelConfiguration(
          architecture: .fcn32s, geometry: .padded100, upsampling: .fixed, widths: [1, 2, 3, 4, 5], fc: 6,
          dropout: 0.25, pool4Scale: 2, pool3Scale: 3, classes: 7, channels: 8))
  }

  @Test func aMissingNumberOfClassesIsNamed() {
    #expect { try ModelConfiguration(read("model: {channels: 3}").model) } throws: { "\($0)".contains("model.classes") }
  }
}

@Suite struct ConfigurationReferenceTests {
  @Test func theReferenceInTheDocsIsComplete() throws {
    let path = TestedPackage.folder + "/docs/configuration.md"
    let text = try String(contentsOfFile: path, encoding: .utf8)
    #expect(text.contains(ConfigurationKey.reference), "the table should be:\n\(ConfigurationKey.reference)")
  }
}
