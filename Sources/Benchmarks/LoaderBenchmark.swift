import Basics
import SegmentationData

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Samples read, decoded and augmented by a loader's threads, against samples that are only read and checked.
package final class LoaderBenchmark {
  package static let augmented = "augmented"
  package static let plain = "not augmented"
  package static let raw = "read and checked only"

  private let dataset: Dataset
  private let threads: Int
  private let batch: Int
  private let steps: Int
  private let transforms: [(name: String, transform: SampleTransform)]
  private let sampler: Sampler
  private let pool: WorkerPool
  private var position: Int

  /// - Parameters:
  ///   - imageCount: of one round of this rank; made a multiple of `batch`.
  ///   - rank: where in the order of samples this rank begins.
  package init(
    dataset: Dataset, augmentation: AugmentationSettings, threads: Int, batch: Int, imageCount: Int, rank: Int
  ) throws {
    self.dataset = dataset
    self.threads = threads
    self.batch = batch
    steps = max(1, imageCount / batch)
    let channels = dataset.info.channels
    let normalisation = Normalisation(
      mean: [Float](repeating: 110, count: channels), std: [Float](repeating: 60, count: channels))
    transforms = [(Self.augmented, augmentation), (Self.plain, .none)].map { name, settings in
      let transform = SampleTransform(
        normalisation: normalisation, augmentation: settings, ignoreLabel: dataset.info.ignoreValue, seed: 1)
      return (name, transform)
    }
    sampler = Sampler(sampleCount: dataset.sampleCount, seed: 1)
    pool = try WorkerPool(threadCount: threads)
    position = rank * 1_000_003
  }

  package var imageCount: Int { steps * batch }

  /// Bytes of the files for each sample in them.
  package var bytesPerImage: Double {
    let total = dataset.shardPaths.reduce(0) { sum, path in
      var status = stat()
      return stat(path, &status) == 0 ? sum + Int(status.st_size) : sum
    }
    return Double(total) / Double(dataset.sampleCount)
  }

  /// One round: reads an epoch of samples, augmented, as the training does.
  package func run(_ round: Round) throws {
    for (name, transform) in transforms { try round.time(name) { try load(with: transform) } }
    try round.time(Self.raw) { try read() }
    position += imageCount
  }

  private func load(with transform: SampleTransform) throws {
    let (sampler, batch, steps, start) = (sampler, batch, steps, position)
    let loader = try Loader(dataset: dataset, transform: transform, threads: threads, depth: 2) { step in
      guard step < steps else { return nil }
      return (0..<batch).map {
        let draw = sampler.sample(atPosition: start + step * batch + $0)
        return SampleRequest(sample: draw.sample, randomKey: draw.randomKey)
      }
    }
    defer { loader.stop() }
    while try loader.next() != nil {}
  }

  private func read() throws {
    var raws = (0..<threads).map { _ in RawSample() }
    let failures = Monitor<[any Error]>([])
    raws.withUnsafeMutableBufferPointer { raws in
      pool.run(imageCount) { image, worker in
        do {
          try dataset.read(sampler.sample(atPosition: position + image).sample, into: &raws[worker])
        } catch {
          failures.withLock { $0.append(error) }
        }
      }
    }
    if let failure = failures.withLock({ $0.first }) { throw failure }
  }
}
