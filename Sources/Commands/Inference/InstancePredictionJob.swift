import Basics
import Collectives
import Detection
import ImageFiles
import Instances
import Model
import RunLogging
import SegmentationData
import Training

/// The work of `predict` for a network that finds instances: image i is rank i modulo size's, which draws it; results go
/// to rank 0, which writes the one file in the images' order.
struct InstancePredictionJob {
  let input: PredictionInput
  let model: TrainedModel
  /// Where the drawn pictures go; nil: none are wanted.
  let folder: String?
  /// Objects of a lower probability are not drawn.
  let drawnScore: Float
  let results: COCOResultsFile?
  let sheet: InstanceSheet?
  let group: any ProcessGroup
  let console: Console
  private let notes = ImageNotes()
  private let transform: SampleTransform
  private let detector: InstanceDetector

  init(
    input: PredictionInput, model: TrainedModel, folder: String?, drawnScore: Float, results: COCOResultsFile?,
    sheet: InstanceSheet?, group: any ProcessGroup, console: Console
  ) {
    self.input = input
    self.model = model
    self.folder = folder
    self.drawnScore = drawnScore
    self.results = results
    self.sheet = sheet
    self.group = group
    self.console = console
    let configuration = model.network.configuration
    transform = SampleTransform(
      normalisation: model.normalisation, ignoreLabel: .max, frame: configuration.frame)
    detector = InstanceDetector(configuration.detection)
  }

  /// Looks at all images that can be read.
  ///
  /// - Throws: `Failure(.badData)` at the end, with a line for each image that could not be.
  /// - Important: Collective over `group`.
  func run() throws {
    var failures = PredictionFailures()
    var count = 0
    var qualities: [Int: Double] = [:]
    for index in 0..<input.count {
      let isOwn = index % group.size == group.rank
      let found = isOwn ? try predict(index, &failures, notes: notes) : nil
      if let folder, let found { try draw(found, key: input.key(index), in: folder) }
      count += found?.objects.count ?? 0
      if sheet != nil, let found { qualities[index] = try quality(of: found) }
      if let results { try gather(found, index, isOwn: isOwn, into: results) }
      if group.isCoordinator { console.transient("predicting: \(index + 1) of \(input.count)") }
    }
    failures = try failures.gathered(group)
    let total = try group.allReduce(Int64(count), .sum)
    for (rank, bytes) in try group.allGather(notes.encoded).enumerated() where rank != group.rank {
      notes.add(encoded: bytes)
    }
    try gather(&qualities)
    if group.isCoordinator {
      try results?.finish()
      if let sheet { try draw(sheet, except: failures, qualities) }
      for line in notes.lines { console.line(line) }
      let done = counted(input.count - failures.count, "image")
      console.line("found \(counted(Int(total), "object")) in \(done)" + (folder.map { ", drawn into \($0)" } ?? ""))
      if let results { console.line("wrote COCO's results into \(results.path)") }
    }
    // Who throws ends the job, and must not cut off who still writes.
    try group.barrier()
    if failures.count > 0 { throw failures.failure(of: input.count) }
  }

  private struct Found {
    let sample: RawSample
    let objects: [DetectedObject]
    let masks: [RunLengths]
  }

  /// nil: the file is at fault, which is noted.
  private func predict(_ index: Int, _ failures: inout PredictionFailures, notes: ImageNotes?) throws -> Found? {
    do {
      let raw = try input.read(index, normalisation: model.normalisation, notes: notes)
      let sample = transform.apply(raw, SampleRequest(sample: index, randomKey: 0))
      let objects = try detector.detect([sample], model.network, model.memory)[0]
      let found = Found(
        sample: raw, objects: objects,
        masks: try objects.map { try $0.runs(imageHeight: raw.height, imageWidth: raw.width) })
      return found
    } catch let failure as Failure where input.dataset == nil && failure.isOfFile {
      failures.add(failure, at: index)
      return nil
    }
  }

  private func draw(_ found: Found, key: String, in folder: String) throws {
    if let slash = key.lastIndex(of: "/") { try Folder.make("\(folder)/\(key[..<slash])") }
    let image = Canvas(found.sample)
    // Names want some room, whatever the image has.
    let factor = max(1, (480 + image.width / 2) / image.width)
    let picture = InstancePicture.drawn(
      things(found), over: image, toFit: factor * image.width, factor * image.height)
    try picture.write(to: "\(folder)/\(key)-overlay.png")
  }

  /// What is drawn of an image.
  private func things(_ found: Found) -> [InstancePicture.Thing] {
    zip(found.objects, found.masks).filter { $0.0.score >= drawnScore }.map { object, mask in
      InstancePicture.Thing(
        box: object.box, mask: mask, title: "\(model.classNames[object.category]) \(fixed(Double(object.score), 2))")
    }
  }

  // MARK: The page

  /// nil where the truth is not known.
  private func quality(of found: Found) throws -> Double? {
    guard input.dataset != nil, let truths = found.sample.instances else { return nil }
    return try PanopticQuality.value(
      found: zip(found.objects, found.masks).filter { $0.0.score >= drawnScore }.map {
        PanopticQuality.Thing(category: $0.category, mask: $1)
      },
      truths: (0..<truths.count).map {
        PanopticQuality.Thing(
          category: Int(truths.classes[$0]), mask: truths.masks[$0], isCrowd: truths.isCrowd[$0])
      })
  }

  /// Those of all ranks.
  private func gather(_ qualities: inout [Int: Double]) throws {
    guard sheet != nil, input.dataset != nil else { return }
    var all = (0..<input.count).map { qualities[$0] ?? -1 }
    try all.withUnsafeMutableBufferPointer { try group.allReduce($0, .maximum) }
    for (index, quality) in all.enumerated() where quality >= 0 { qualities[index] = quality }
  }

  /// Looks at the shown images once more: their results are on many ranks, and they are few.
  private func draw(_ sheet: InstanceSheet, except failures: PredictionFailures, _ qualities: [Int: Double]) throws {
    let readable = (0..<input.count).filter { !failures.contains($0) }
    var page = ContactSheet(
      classNames: model.classNames, palette: model.palette, columns: qualities.isEmpty ? 2 : 1)
    let images = sheet.images(of: readable, qualities: qualities)
    guard !images.isEmpty else { return }
    for index in images {
      var failures = PredictionFailures()
      // What was done to the picture is noted already.
      guard let found = try predict(index, &failures, notes: nil) else { continue }
      let things = things(found)
      guard let quality = qualities[index], let truths = found.sample.instances else {
        page.add(found.sample, [things], note: "\(counted(things.count, "thing")) found")
        continue
      }
      page.add(
        found.sample, [truths.things(model.classNames), things],
        note: "\(counted(truths.count, "thing")), \(things.count) found, panoptic quality \(percentage(quality))")
    }
    try page.canvas.write(to: sheet.path)
    console.line("drew \(counted(images.count, "image")) into \(sheet.path)")
  }

  private func gather(_ found: Found?, _ index: Int, isOwn: Bool, into results: COCOResultsFile) throws {
    let own = found.map { results.text(index, key: input.key(index), $0.objects, $0.masks) } ?? []
    if isOwn && group.isCoordinator { return results.append(own) }
    if isOwn {
      try withUnsafeBytes(of: Int64(own.count)) { try group.send($0, to: 0, tag: 1) }
      if !own.isEmpty { try own.withUnsafeBytes { try group.send($0, to: 0, tag: 2) } }
    } else if group.isCoordinator {
      var count: Int64 = 0
      try withUnsafeMutableBytes(of: &count) { try group.receive($0, from: index % group.size, tag: 1) }
      var bytes = [UInt8](repeating: 0, count: Int(count))
      if count > 0 { try bytes.withUnsafeMutableBytes { try group.receive($0, from: index % group.size, tag: 2) } }
      results.append(bytes)
    }
  }
}
