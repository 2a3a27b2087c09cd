import Basics
import Detection

/// A sample as the network takes it.
package final class Sample: @unchecked Sendable {
  /// Its place in the dataset.
  package let index: Int
  package let key: String
  package let height: Int
  package let width: Int
  package let channels: Int
  /// height x width x channels, normalised; 0 where the image was padded.
  package let pixels: [Float]
  /// height x width, the ignore label where the image was padded; one where the image as a whole has a class;
  /// none where things have.
  package let labels: [UInt16]
  /// As stored, in pixels of `storedSize`; nil but where the task is to find them.
  package let instances: InstanceAnnotations?
  /// What a network is trained on where the dataset is for instances: those that are no crowd, in the resized image.
  package let target: InstanceTarget?
  /// Of the image before it was resized, in pixels.
  package let storedSize: (height: Int, width: Int)
  package let randomKey: UInt64
  private let pool: SamplePool?

  package init(
    request: SampleRequest, key: String, height: Int, width: Int, channels: Int, pixels: [Float], labels: [UInt16],
    instances: InstanceAnnotations? = nil, target: InstanceTarget? = nil, storedSize: (height: Int, width: Int)? = nil,
    pool: SamplePool? = nil
  ) {
    index = request.sample
    randomKey = request.randomKey
    self.key = key
    self.height = height
    self.width = width
    self.channels = channels
    self.pixels = pixels
    self.labels = labels
    self.instances = instances
    self.target = target
    self.storedSize = storedSize ?? (height, width)
    self.pool = pool
  }

  deinit { pool?.take(back: pixels, labels) }
}

/// Memory of samples that are no longer used, for the next ones: fresh memory costs a page fault for every 4 KiB.
package final class SamplePool: Sendable {
  private struct Shelf {
    var pixels: [[Float]] = []
    var labels: [[UInt16]] = []
  }

  private let shelf = Monitor(Shelf())
  private let limit: Int

  /// - Parameter limit: how many samples' memory is kept.
  package init(limit: Int = 32) { self.limit = limit }

  func pixels(count: Int) -> [Float] { taken(count, \.pixels) ?? [Float](repeating: 0, count: count) }
  func labels(count: Int) -> [UInt16] { taken(count, \.labels) ?? [UInt16](repeating: 0, count: count) }

  fileprivate func take(back pixels: [Float], _ labels: [UInt16]) {
    shelf.withLock { shelf in
      // Sizes that no longer occur leave in the order in which they came.
      if shelf.pixels.count >= limit { shelf.pixels.removeFirst() }
      if shelf.labels.count >= limit { shelf.labels.removeFirst() }
      shelf.pixels.append(pixels)
      shelf.labels.append(labels)
    }
  }

  private func taken<Value>(_ count: Int, _ kind: WritableKeyPath<Shelf, [[Value]]>) -> [Value]? {
    shelf.withLock { shelf in
      guard let place = shelf[keyPath: kind].lastIndex(where: { $0.count == count }) else { return nil }
      return shelf[keyPath: kind].remove(at: place)
    }
  }
}
