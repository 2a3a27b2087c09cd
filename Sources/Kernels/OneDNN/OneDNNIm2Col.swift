import Basics
import COneDNN
import CVector

/// A stride-1 convolution's source with every destination pixel's window in a row of its own:
/// [destination pixels, kernel * kernel, source channels].
struct OneDNNIm2Col {
  let source: ActivationShape
  let destination: ActivationShape
  let kernel: Int
  let padding: Int
  let isBFloat16: Bool
  let threads: Int

  init(_ shape: conednn_convolution, threads: Int) {
    source = shape.source
    destination = shape.destination
    kernel = Int(shape.kernel)
    padding = Int(shape.padding_top)
    isBFloat16 = shape.bfloat16 != 0
    self.threads = threads
  }

  var rowCount: Int { kernel * kernel * source.channels }
  private var elementSize: Int { isBFloat16 ? 2 : 4 }

  /// Writes the rows of `destination.pixelCount` windows.
  func unroll(_ activation: UnsafeRawPointer, into rows: UnsafeMutableRawPointer) {
    let pixelByteCount = source.channels * elementSize
    let rowByteCount = rowCount * elementSize
    parallelRanges(destination.pixelCount, grain: 4, threads: threads) { pixels in
      for pixel in pixels {
        let (line, column) = pixel.quotientAndRemainder(dividingBy: self.destination.width)
        let (image, row) = line.quotientAndRemainder(dividingBy: self.destination.height)
        var target = rows + pixel * rowByteCount
        for i in row - self.padding..<row - self.padding + self.kernel {
          for j in column - self.padding..<column - self.padding + self.kernel {
            if i >= 0 && i < self.source.height && j >= 0 && j < self.source.width {
              let from = (image * self.source.height + i) * self.source.width + j
              target.copyMemory(from: activation + from * pixelByteCount, byteCount: pixelByteCount)
            } else {
              target.initializeMemory(as: UInt8.self, repeating: 0, count: pixelByteCount)
            }
            target += pixelByteCount
          }
        }
      }
    }
  }

  /// The adjoint for one image: sums float32 rows at the pixels they came from, tap after tap, and converts.
  ///
  /// - Parameter sums: float32 [source pixels of one image, channels]; unused in float32.
  func gather(
    _ rows: UnsafePointer<Float>, into activation: UnsafeMutableRawPointer, sums: UnsafeMutablePointer<Float>
  ) {
    let channels = source.channels
    parallelRanges(source.height * source.width, grain: 4, threads: threads) { pixels in
      for pixel in pixels {
        let sum =
          self.isBFloat16
          ? sums + pixel * channels : activation.assumingMemoryBound(to: Float.self) + pixel * channels
        self.sumWindows(rows, pixel: pixel, into: sum)
        if self.isBFloat16 {
          cvector_to_bfloat16(sum, activation.assumingMemoryBound(to: UInt16.self) + pixel * channels, channels)
        }
      }
    }
  }

  private func sumWindows(_ rows: UnsafePointer<Float>, pixel: Int, into sum: UnsafeMutablePointer<Float>) {
    let channels = source.channels
    let (y, x) = pixel.quotientAndRemainder(dividingBy: source.width)
    sum.update(repeating: 0, count: channels)
    for i in 0..<kernel {
      let row = y + padding - i
      guard row >= 0 && row < destination.height else { continue }
      for j in 0..<kernel {
        let column = x + padding - j
        guard column >= 0 && column < destination.width else { continue }
        let window = rows + (row * destination.width + column) * rowCount
        cvector_add(sum, window + (i * kernel + j) * channels, sum, channels)
      }
    }
  }
}
