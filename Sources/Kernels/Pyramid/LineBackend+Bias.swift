import Basics
import CVector

extension LineBackend {
  package func addBias(
    _ bias: UnsafePointer<Float>, to activation: UnsafeMutableRawPointer, shape: ActivationShape, rectified: Bool
  ) {
    let count = shape.width * shape.channels
    forEachLine(shape.images * shape.height, grain: 4) { line in
      if activationType == .bfloat16 {
        cvector_add_bias_bfloat16(
          activation.assumingMemoryBound(to: UInt16.self) + line * count, bias, shape.width, shape.channels,
          rectified ? 1 : 0)
      } else {
        let row = activation.assumingMemoryBound(to: Float.self) + line * count
        cvector_add_bias_float32(row, bias, shape.width, shape.channels, rectified ? 1 : 0)
        if precision == .bfloat16 { cvector_round_to_bfloat16(row, count) }
      }
    }
  }

  package func sumOverPixels(
    _ gradient: UnsafeRawPointer, shape: ActivationShape, into sums: UnsafeMutablePointer<Float>
  ) {
    let pixels = shape.height * shape.width
    let imageCount = pixels * shape.channels
    sums.update(repeating: 0, count: shape.channels)
    // Image by image: one long sum in float32 would lose digits.
    withUnsafeTemporaryAllocation(of: Float.self, capacity: shape.channels) { part in
      guard let part = part.baseAddress else { return }
      for image in 0..<shape.images {
        if activationType == .bfloat16 {
          cvector_column_sums_bfloat16(
            gradient.assumingMemoryBound(to: UInt16.self) + image * imageCount, pixels, shape.channels, shape.channels,
            part)
        } else {
          cvector_column_sums_float32(
            gradient.assumingMemoryBound(to: Float.self) + image * imageCount, pixels, shape.channels, shape.channels,
            part)
        }
        cvector_add(sums, part, sums, shape.channels)
      }
    }
  }
}
