import Basics
import CVector

/// Adds gradients in the order of a `SummationTree`, block by block so that partial sums stay in the cache.
package struct GradientSum {
  private static let blockLength = 8192

  /// Computes `result[i]` for i in 0 ..< `count`; a source covers the same elements. `result` may be one of the
  /// sources.
  package static func evaluate(
    _ expression: SummationTree.Expression, sources: [SummationTree.Node: UnsafePointer<Float>], count: Int,
    into result: UnsafeMutablePointer<Float>, pool: WorkerPool
  ) {
    let scratchLength = (2 * depth(of: expression) + 1) * blockLength
    let scratch = UnsafeMutablePointer<Float>.allocate(capacity: pool.threadCount * scratchLength)
    defer { scratch.deallocate() }
    pool.run((count + blockLength - 1) / blockLength) { block, worker in
      let start = block * blockLength
      let length = min(blockLength, count - start)
      let value = evaluate(
        expression, sources, at: start, length, scratch: scratch + worker * scratchLength, level: 0,
        destination: result + start)
      if value != UnsafePointer(result + start) { (result + start).update(from: value, count: length) }
    }
  }

  private static func depth(of expression: SummationTree.Expression) -> Int {
    switch expression {
    case .available: return 0
    case .sum(let left, let right): return 1 + max(depth(of: left), depth(of: right))
    case .rounded(let inner): return depth(of: inner)
    }
  }

  private static func evaluate(
    _ expression: SummationTree.Expression, _ sources: [SummationTree.Node: UnsafePointer<Float>], at start: Int,
    _ length: Int, scratch: UnsafeMutablePointer<Float>, level: Int, destination: UnsafeMutablePointer<Float>
  ) -> UnsafePointer<Float> {
    switch expression {
    case .available(let node):
      guard let source = sources[node] else { preconditionFailure("no gradient for \(node)") }
      return source + start
    case .sum(let left, let right):
      let own = scratch + 2 * level * blockLength
      let a = evaluate(left, sources, at: start, length, scratch: scratch, level: level + 1, destination: own)
      let b = evaluate(
        right, sources, at: start, length, scratch: scratch, level: level + 1, destination: own + blockLength)
      cvector_add(a, b, destination, length)
      return UnsafePointer(destination)
    case .rounded(let inner):
      let value = evaluate(inner, sources, at: start, length, scratch: scratch, level: level, destination: destination)
      if value != UnsafePointer(destination) { destination.update(from: value, count: length) }
      cvector_round_to_bfloat16(destination, length)
      return UnsafePointer(destination)
    }
  }
}
