import COneDNN

/// Where each weight of an [out, in, spatial] tensor is: (o, i, s) at out[o] + in[i] + spatial[s]. Plain and blocked
/// layouts all have this form, because every block belongs to one dimension.
final class OneDNNOffsets {
  let out: [Int64]
  let input: [Int64]
  let spatial: [Int64]

  /// - Parameter blocking: of a tensor [out, in, height, width].
  init(_ blocking: conednn_blocking) {
    out = Self.offsets(blocking, dimension: 0)
    input = Self.offsets(blocking, dimension: 1)
    let rows = Self.offsets(blocking, dimension: 2)
    let columns = Self.offsets(blocking, dimension: 3)
    spatial = rows.flatMap { row in columns.map { row + $0 } }
  }

  init(out: [Int64], input: [Int64], spatial: [Int64]) {
    self.out = out
    self.input = input
    self.spatial = spatial
  }

  /// - Parameter product: a matrix [out, spatial * input].
  /// - Returns: nil where blocks reach over from one tap to the next.
  convenience init?(product: conednn_blocking, inputs: Int) {
    let columns = Self.offsets(product, dimension: 1)
    let spatial = stride(from: 0, to: columns.count, by: inputs).map { columns[$0] }
    let input = Array(columns[..<inputs])
    guard columns.indices.allSatisfy({ columns[$0] == spatial[$0 / inputs] + input[$0 % inputs] }) else { return nil }
    self.init(out: Self.offsets(product, dimension: 0), input: input, spatial: spatial)
  }

  /// The offset that each index of one dimension adds.
  static func offsets(_ blocking: conednn_blocking, dimension: Int) -> [Int64] {
    let sizes = withUnsafeBytes(of: blocking.block_sizes) { Array($0.bindMemory(to: Int32.self)) }
    let owners = withUnsafeBytes(of: blocking.block_dimensions) { Array($0.bindMemory(to: Int32.self)) }
    let strides = withUnsafeBytes(of: blocking.strides) { Array($0.bindMemory(to: Int64.self)) }
    let counts = withUnsafeBytes(of: blocking.dimensions) { Array($0.bindMemory(to: Int64.self)) }
    return (0..<counts[dimension]).map { index in
      var rest = index
      var offset: Int64 = 0
      var step: Int64 = 1
      for block in (0..<Int(blocking.block_count)).reversed() {
        let size = Int64(sizes[block])
        if Int(owners[block]) == dimension {
          offset += rest % size * step
          rest /= size
        }
        step *= size
      }
      return offset + rest * strides[dimension]
    }
  }

  /// [out, spatial, input] without gaps.
  static func outputMajor(outs: Int, inputs: Int, taps: Int) -> OneDNNOffsets {
    OneDNNOffsets(
      out: (0..<outs).map { Int64($0 * taps * inputs) }, input: (0..<inputs).map(Int64.init),
      spatial: (0..<taps).map { Int64($0 * inputs) })
  }

  /// [out blocks, input blocks, spatial, inputs of a block, outs of a block].
  static func tiled(outs: Int, inputs: Int, taps: Int, block: Int) -> OneDNNOffsets {
    let inputStride = taps * block * block
    let outStride = (inputs + block - 1) / block * inputStride
    return OneDNNOffsets(
      out: (0..<outs).map { Int64($0 / block * outStride + $0 % block) },
      input: (0..<inputs).map { Int64($0 / block * inputStride + $0 % block * block) },
      spatial: (0..<taps).map { Int64($0 * block * block) })
  }

  /// [out, input, spatial], or [input, out, spatial] for a deconvolution: the order in files.
  static func canonical(outs: Int, inputs: Int, taps: Int, isTransposed: Bool) -> OneDNNOffsets {
    let outStep = isTransposed ? taps : inputs * taps
    let inputStep = isTransposed ? outs * taps : taps
    return OneDNNOffsets(
      out: (0..<outs).map { Int64($0 * outStep) }, input: (0..<inputs).map { Int64($0 * inputStep) },
      spatial: (0..<taps).map(Int64.init))
  }

  func withPointers<R>(_ body: (conednn_offsets) -> R) -> R {
    out.withUnsafeBufferPointer { out in
      input.withUnsafeBufferPointer { input in
        spatial.withUnsafeBufferPointer { spatial in
          guard let out = out.baseAddress, let input = input.baseAddress, let spatial = spatial.baseAddress else {
            preconditionFailure("a layer without weights")
          }
          return body(conednn_offsets(out: out, in: input, spatial: spatial))
        }
      }
    }
  }
}
