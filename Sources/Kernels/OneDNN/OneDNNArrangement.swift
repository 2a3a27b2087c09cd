import Basics
import COneDNN

/// A layout of one layer's weights: the library's descriptor of it, and where each weight is.
struct OneDNNArrangement {
  /// nil for a plain order that only our own loops and products read.
  let descriptor: OneDNNDescriptor?
  let offsets: OneDNNOffsets
  let byteCount: Int
  /// Equal for two arrangements exactly when they are.
  let description: String

  /// As a (de)convolution has it: [out, in, height, width].
  init(convolution descriptor: OneDNNDescriptor) throws {
    let blocking = try descriptor.blocking()
    self.descriptor = descriptor
    offsets = OneDNNOffsets(blocking)
    byteCount = descriptor.byteCount
    description = Self.describe(blocking)
  }

  /// As a product has it: [out, taps * in]. nil where that is in blocks that reach over from one tap to the next.
  init?(product descriptor: OneDNNDescriptor, inputs: Int) throws {
    let blocking = try descriptor.blocking()
    guard let offsets = OneDNNOffsets(product: blocking, inputs: inputs) else { return nil }
    self.descriptor = descriptor
    self.offsets = offsets
    byteCount = descriptor.byteCount
    description = Self.describe(blocking)
  }

  /// Plain float32 [out, taps, in].
  init(outs: Int, taps: Int, inputs: Int) {
    descriptor = nil
    offsets = .outputMajor(outs: outs, inputs: inputs, taps: taps)
    byteCount = 4 * outs * taps * inputs
    description = "\(outs)x\(taps)x\(inputs)"
  }

  /// Blocks of [16 in][16 out] float32 for each tap, the taps of two channel blocks following each other.
  init(tiledOuts outs: Int, taps: Int, inputs: Int) {
    let block = 16
    let inputBlocks = (inputs + block - 1) / block
    let outBlocks = (outs + block - 1) / block
    descriptor = nil
    offsets = .tiled(outs: outs, inputs: inputs, taps: taps, block: block)
    byteCount = 4 * outBlocks * inputBlocks * taps * block * block
    description = "\(outBlocks)x\(inputBlocks)x\(taps)x\(block)x\(block)"
  }

  /// Panels of 32 channels of one side for each tap, as conednn_kn2row.h has them: those that a product writes.
  ///
  /// - Parameter isForward: outputs, else inputs.
  init(panelsOfOuts outs: Int, taps: Int, inputs: Int, isForward: Bool, isBFloat16: Bool) {
    let (written, read) = isForward ? (outs, inputs) : (inputs, outs)
    let pair = isBFloat16 ? 2 : 1
    let panel = 32
    let writtenOffsets = (0..<written).map { Int64($0 / panel * taps * read * panel + $0 % panel * pair) }
    let readOffsets = (0..<read).map { Int64($0 / pair * panel * pair + $0 % pair) }
    descriptor = nil
    offsets = OneDNNOffsets(
      out: isForward ? writtenOffsets : readOffsets, input: isForward ? readOffsets : writtenOffsets,
      spatial: (0..<taps).map { Int64($0 * read * panel) })
    byteCount = (isBFloat16 ? 2 : 4) * outs * taps * inputs
    description = "panels:\(isForward ? "out" : "in"):\(outs)x\(taps)x\(inputs)" + (isBFloat16 ? "bf16" : "f32")
  }

  /// Blocks of 16 outputs for each input and tap: [out / 16][taps][in][16], as conednn_subpixel.h has them.
  init(blockedOuts outs: Int, taps: Int, inputs: Int, isBFloat16: Bool) {
    let block = 16
    let outBlocks = (outs + block - 1) / block
    descriptor = nil
    offsets = OneDNNOffsets(
      out: (0..<outs).map { Int64($0 / block * taps * inputs * block + $0 % block) },
      input: (0..<inputs).map { Int64($0 * block) }, spatial: (0..<taps).map { Int64($0 * inputs * block) })
    byteCount = (isBFloat16 ? 2 : 4) * outBlocks * taps * inputs * block
    description = "blocks:\(outBlocks)x\(taps)x\(inputs)x\(block)" + (isBFloat16 ? "bf16" : "f32")
  }

  func libraryDescriptor() throws -> OneDNNDescriptor {
    guard let descriptor else { throw Failure(.internalError, "a layout that oneDNN does not know (\(description))") }
    return descriptor
  }

  private static func describe(_ blocking: conednn_blocking) -> String {
    let sizes = withUnsafeBytes(of: blocking.block_sizes) { Array($0.bindMemory(to: Int32.self)) }
    let owners = withUnsafeBytes(of: blocking.block_dimensions) { Array($0.bindMemory(to: Int32.self)) }
    let strides = withUnsafeBytes(of: blocking.strides) { Array($0.bindMemory(to: Int64.self)) }
    let padded = withUnsafeBytes(of: blocking.padded) { Array($0.bindMemory(to: Int64.self)) }
    let dimensions = Int(blocking.dimension_count)
    let blocks = (0..<Int(blocking.block_count)).map { "\(sizes[$0])\(["a", "b", "c", "d"][Int(owners[$0])])" }
    return padded.prefix(dimensions).map(String.init).joined(separator: "x") + "/"
      + strides.prefix(dimensions).map(String.init).joined(separator: ",") + "/" + blocks.joined()
      + (blocking.element_size == 2 ? "bf16" : "f32")
  }
}
