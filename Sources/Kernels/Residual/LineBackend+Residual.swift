import Basics
import CVector

/// Elements that one thread takes at a time.
private let piece = 1 << 15

extension LineBackend {
  package func addRectified(_ source: UnsafeRawPointer, to destination: UnsafeMutableRawPointer, count: Int) {
    forEachLine((count + piece - 1) / piece, grain: 1) { index in
      let first = index * piece
      let own = min(piece, count - first)
      if activationType == .bfloat16 {
        cvector_add_rectified_bfloat16(
          source.assumingMemoryBound(to: UInt16.self) + first,
          destination.assumingMemoryBound(to: UInt16.self) + first, own)
      } else {
        let target = destination.assumingMemoryBound(to: Float.self) + first
        cvector_add_rectified_float32(source.assumingMemoryBound(to: Float.self) + first, target, own)
        if precision == .bfloat16 { cvector_round_to_bfloat16(target, own) }
      }
    }
  }
}
