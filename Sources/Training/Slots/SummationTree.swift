/// The one fixed order in which the slots' gradients are summed, whatever the number of ranks: a binary tree over the
/// slot index. The value of a node is left + right, or left alone where no slot stands on the right.
package struct SummationTree: Equatable, Sendable {
  /// Covers slots `index << level ..< (index + 1) << level`, as far as they exist.
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

  package let slotCount: Int

  package init(slotCount: Int) {
    precondition(slotCount > 0)
    self.slotCount = slotCount
  }

  package var root: Node {
    var level = 0
    while 1 << level < slotCount { level += 1 }
    return Node(level: level, index: 0)
  }

  package func slots(under node: Node) -> Range<Int> {
    let lower = min(slotCount, node.index << node.level)
    return lower..<min(slotCount, (node.index + 1) << node.level)
  }

  /// The fewest nodes whose slots together are exactly `range`.
  package func cover(of range: Range<Int>) -> [Node] {
    func collect(_ node: Node) -> [Node] {
      let slots = slots(under: node)
      if slots.isEmpty || slots.clamped(to: range).isEmpty { return [] }
      if slots.lowerBound >= range.lowerBound && slots.upperBound <= range.upperBound { return [node] }
      return collect(node.left) + collect(node.right)
    }
    return collect(root)
  }

  /// What a holder of `available` can compute: the fewest nodes, each the sum of available ones in the tree's order.
  package func combined(_ available: Set<Node>) -> [Node] {
    func isKnown(_ node: Node) -> Bool {
      if slots(under: node).isEmpty || available.contains(node) { return true }
      return node.level > 0 && isKnown(node.left) && isKnown(node.right)
    }
    func collect(_ node: Node) -> [Node] {
      if slots(under: node).isEmpty { return [] }
      if isKnown(node) { return [node] }
      return node.level == 0 ? [] : collect(node.left) + collect(node.right)
    }
    return collect(root)
  }

  /// The order of additions that makes `node` out of `available`.
  package func expression(of node: Node, from available: Set<Node>) -> Expression {
    if available.contains(node) { return .available(node) }
    precondition(node.level > 0, "a slot's gradient is missing")
    if slots(under: node.right).isEmpty { return expression(of: node.left, from: available) }
    return .sum(expression(of: node.left, from: available), expression(of: node.right, from: available))
  }

  package indirect enum Expression: Equatable, Sendable {
    case available(Node)
    case sum(Expression, Expression)
  }
}
