/// The one fixed order in which the micro-batches' gradients are summed, whatever the number of ranks: a binary tree
/// over the micro-batch index. The value of a node is left + right, or just left where the right
/// subtree is empty; nodes of one level may be rounded to bfloat16, so that half the bytes carry them to another machine. This is the
/// order only: `GradientSum` adds, `BucketExchange` brings together what it adds.
package struct SummationTree: Equatable, Sendable {
  /// Covers micro-batches `index << level ..< (index + 1) << level`, as far as they exist.
  package struct Node: Hashable, Sendable {
    package let level: Int
    package let index: Int
    package init(level: Int, index: Int) {
      self.level = level
      self.index = index
    }

    package var left: Node { Node(level: level - 1, index: 2 * index) }
    package var right: Node { Node(level: level - 1, index: 2 * index + 1) }
  }

  package let microBatchCount: Int
  /// Nodes of this level are rounded once, to the nearest bfloat16; nil: none are.
  package let roundedLevel: Int?

  /// - Parameter roundedParts: a power of two: the sum of each of so many parts of the batch is rounded; nil: none is.
  package init(microBatchCount: Int, roundedParts: Int? = nil) {
    precondition(microBatchCount > 0)
    self.microBatchCount = microBatchCount
    let depth = Self.depth(microBatchCount)
    roundedLevel = roundedParts.map { max(0, depth - $0.trailingZeroBitCount) }
  }

  private static func depth(_ microBatchCount: Int) -> Int {
    var level = 0
    while 1 << level < microBatchCount { level += 1 }
    return level
  }

  package var root: Node { Node(level: Self.depth(microBatchCount), index: 0) }

  /// Is the value of `node` a bfloat16 number, because it is the rounded sum of one part alone?
  package func isRounded(_ node: Node) -> Bool {
    guard let roundedLevel, node.level >= roundedLevel else { return false }
    let microBatches = leaves(under: node)
    return !microBatches.isEmpty
      && microBatches.lowerBound >> roundedLevel == (microBatches.upperBound - 1) >> roundedLevel
  }

  /// The micro-batches whose gradients `node` sums.
  package func leaves(under node: Node) -> Range<Int> {
    let lower = min(microBatchCount, node.index << node.level)
    return lower..<min(microBatchCount, (node.index + 1) << node.level)
  }

  /// The fewest nodes whose micro-batches together are exactly `range`.
  package func cover(of range: Range<Int>) -> [Node] {
    func collect(_ node: Node) -> [Node] {
      let microBatches = leaves(under: node)
      if microBatches.isEmpty || microBatches.clamped(to: range).isEmpty { return [] }
      if microBatches.lowerBound >= range.lowerBound && microBatches.upperBound <= range.upperBound { return [node] }
      return collect(node.left) + collect(node.right)
    }
    return collect(root)
  }

  /// What a holder of `available` can compute: the fewest nodes, each the sum of available ones in the tree's order.
  package func combined(_ available: Set<Node>) -> [Node] {
    func isKnown(_ node: Node) -> Bool {
      if leaves(under: node).isEmpty || available.contains(node) { return true }
      return node.level > 0 && isKnown(node.left) && isKnown(node.right)
    }
    func collect(_ node: Node) -> [Node] {
      if leaves(under: node).isEmpty { return [] }
      if isKnown(node) { return [node] }
      return node.level == 0 ? [] : collect(node.left) + collect(node.right)
    }
    return collect(root)
  }

  /// The order of additions that makes `node` out of `available`, whose values are rounded where the tree rounds them.
  package func expression(of node: Node, from available: Set<Node>) -> Expression {
    if available.contains(node) { return .available(node) }
    precondition(node.level > 0, "a micro-batch's gradient is missing")
    let left = expression(of: node.left, from: available)
    let sum =
      leaves(under: node.right).isEmpty ? left : .sum(left, expression(of: node.right, from: available))
    return node.level == roundedLevel ? .rounded(sum) : sum
  }

  /// How the value of a node follows from available ones.
  package indirect enum Expression: Equatable, Sendable {
    case available(Node)
    case sum(Expression, Expression)
    case rounded(Expression)
  }
}
