import Basics

/// Lends guarded copies of buffers.
enum Guard {
  enum Part {
    case input(UnsafeRawPointer, Int)
    case output(UnsafeMutableRawPointer, Int)
    /// Read and written.
    case changed(UnsafeMutableRawPointer, Int)
    /// No contents before or after.
    case scratch(Int)

    fileprivate var byteCount: Int {
      switch self {
      case .input(_, let count), .output(_, let count), .changed(_, let count), .scratch(let count): count
      }
    }
  }

  /// Calls `body` with the copies, in the order of the parts, and copies back what is written.
  static func run<Result>(_ parts: [Part], _ body: ([UnsafeMutableRawPointer]) -> Result) -> Result {
    let copies = parts.map { part in
      // There is no answer to a debug mode without memory.
      guard let copy = try? GuardedMemory(byteCount: part.byteCount) else { fatalError("no memory to guard buffers") }
      switch part {
      case .input(let source, let count): copy.base.copyMemory(from: source, byteCount: count)
      case .changed(let source, let count): copy.base.copyMemory(from: source, byteCount: count)
      case .output, .scratch: break
      }
      return copy
    }
    let result = withExtendedLifetime(copies) { body(copies.map(\.base)) }
    for (part, copy) in zip(parts, copies) {
      switch part {
      case .output(let target, let count), .changed(let target, let count):
        target.copyMemory(from: copy.base, byteCount: count)
      case .input, .scratch: break
      }
    }
    return result
  }
}
