import Basics

/// Brings a foreign tensor to the layout of docs/formats.md section 1: [out, in, height, width] for a convolution, [in,
/// out, height, width] for a transposed one, [out] for a bias.
struct CanonicalTensor: Sendable {
  let shape: [Int]
  /// What was done, for people; empty where nothing was.
  let note: String
  /// The axes come as height, width, in, out.
  private let isOutputsLast: Bool
  private let reversesChannels: Bool

  /// nil where the tensor cannot be this parameter.
  ///
  /// - Parameter isTurned: the other kernels of the file come as height, width, in, out, though it does not say so.
  init?(_ tensor: SourceTensor, as target: LayerNames.Target, isTurned: Bool = false, reversesChannels: Bool) {
    let kernel = LayerNames.kernel(of: target.layer)
    guard let layout = target.isVector ? Self.bias(tensor) : Self.weight(tensor, kernel, isTurned) else { return nil }
    shape = layout.shape
    isOutputsLast = layout.isOutputsLast
    self.reversesChannels = reversesChannels && layout.shape.count == 4 && layout.shape[1] == 3
    note = (layout.note + (self.reversesChannels ? ["BGR turned into RGB"] : [])).joined(separator: ", ")
  }

  private typealias Layout = (shape: [Int], isOutputsLast: Bool, note: [String])

  /// Caffe writes biases as [1, 1, 1, out], too.
  private static func bias(_ tensor: SourceTensor) -> Layout? {
    guard let count = tensor.shape.max(), tensor.shape.reduce(1, *) == count else { return nil }
    return ([count], false, [])
  }

  private static let turned = "kernels in the order height, width, in, out were turned"

  /// Whether a weight can only be one in the order height, width, in, out: a kernel of 1x1 alone never says so.
  static func isClearlyTurned(_ tensor: SourceTensor, as target: LayerNames.Target) -> Bool {
    let (shape, kernel) = (tensor.shape, LayerNames.kernel(of: target.layer))
    return !target.isVector && kernel > 1 && shape.count == 4 && shape.prefix(2) == [kernel, kernel]
      && shape.suffix(2) != [kernel, kernel]
  }

  private static func weight(_ tensor: SourceTensor, _ kernel: Int, _ isTurned: Bool) -> Layout? {
    let shape = tensor.shape
    // Extents tell the order of most kernels; the file's other kernels that of matrices, and of four equal extents.
    let isMatrix = shape.count == 2 || (kernel == 1 && shape.prefix(2) == [1, 1])
    let saysNothing = isMatrix || shape == [kernel, kernel, kernel, kernel]
    let isLast = tensor.axes == .outputsLast || (isTurned && saysNothing)
    if shape.count == 2 || (shape.count == 4 && shape[0] == 1 && shape[1] == 1 && kernel != 1) {
      return connected(shape.suffix(2).map { $0 }, isLast, kernel)
    }
    guard shape.count == 4 else { return nil }
    if shape[0] == 1 && shape[1] == 1 && !isLast { return connected(Array(shape[2...]), false, kernel) }
    if !isLast && shape[2] == kernel && shape[3] == kernel { return (shape, false, []) }
    // Where the file does not say, kernels in the order height, width, in, out are known by their extents.
    guard shape[0] == kernel, shape[1] == kernel else { return nil }
    return ([shape[3], shape[2], kernel, kernel], true, tensor.axes == .outputsLast ? [] : [turned])
  }

  /// A fully connected layer is a convolution over the whole map that it was made for (Shelhamer et al., section 3.1).
  private static func connected(_ matrix: [Int], _ isLast: Bool, _ kernel: Int) -> Layout? {
    let (outputs, inputs) = isLast ? (matrix[1], matrix[0]) : (matrix[0], matrix[1])
    guard inputs % (kernel * kernel) == 0 else { return nil }
    return (
      [outputs, inputs / (kernel * kernel), kernel, kernel], isLast, ["fully connected, made a convolution"]
    )
  }

  /// The file's values in canonical order.
  func values(_ stored: [Float]) -> [Float] {
    guard shape.count == 4 else { return stored }
    let turned = isOutputsLast ? Self.fromOutputsLast(stored, shape[2], shape[1], shape[0]) : stored
    return reversesChannels ? Self.reversed(turned, shape[1], shape[2]) : turned
  }

  /// [kernel, kernel, in, out] to [out, in, kernel, kernel].
  private static func fromOutputsLast(_ values: [Float], _ kernel: Int, _ inputs: Int, _ outputs: Int) -> [Float] {
    let taps = kernel * kernel
    return [Float](unsafeUninitializedCapacity: values.count) { result, count in
      for tap in 0..<taps {
        for input in 0..<inputs {
          let row = (tap * inputs + input) * outputs
          for output in 0..<outputs { result[(output * inputs + input) * taps + tap] = values[row + output] }
        }
      }
      count = values.count
    }
  }

  /// The input channels of [out, channels, kernel, kernel] in reverse order.
  private static func reversed(_ values: [Float], _ channels: Int, _ kernel: Int) -> [Float] {
    let taps = kernel * kernel
    return values.indices.map { index in
      let (place, tap) = index.quotientAndRemainder(dividingBy: taps)
      let (output, channel) = place.quotientAndRemainder(dividingBy: channels)
      return values[(output * channels + channels - 1 - channel) * taps + tap]
    }
  }
}
