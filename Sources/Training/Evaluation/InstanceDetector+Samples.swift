import Detection
import Instances
import Kernels
import Model
import SegmentationData

extension InstanceDetector {
  /// What is in samples of equal size, best first, in pixels of the images as they are stored.
  ///
  /// - Throws: `Failure` when memory does not suffice.
  package func detect(
    _ samples: [Sample], _ network: Network, _ memory: ParameterMemory
  ) throws -> [[DetectedObject]] {
    let plan = try network.plan(
      images: samples.count, height: samples[0].height, width: samples[0].width, training: false)
    let sizes = samples.map { sample in
      ImageSize(
        original: sample.storedSize,
        resized: sample.target.map { ($0.height, $0.width) } ?? (sample.height, sample.width))
    }
    if samples.count == 1 { return detect(plan, samples[0].pixels, memory, sizes: sizes) }
    return detect(plan, samples.flatMap(\.pixels), memory, sizes: sizes)
  }
}
