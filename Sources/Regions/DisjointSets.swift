/// Sets of the numbers 0 ..< count that grow together (union-find). The first number of a set stands for it.
struct DisjointSets {
  private var parents: [Int32]

  init(count: Int) { parents = (0..<Int32(count)).map { $0 } }

  /// The smallest number of the set that `element` is in.
  mutating func first(_ element: Int) -> Int {
    parents.withUnsafeMutableBufferPointer { parents in
      var current = Int32(element)
      while parents[Int(current)] != current {
        // Every second one is hung higher on the way.
        parents[Int(current)] = parents[Int(parents[Int(current)])]
        current = parents[Int(current)]
      }
      return Int(current)
    }
  }

  /// Makes one set of two.
  ///
  /// - Returns: its first number.
  @discardableResult
  mutating func join(_ a: Int, _ b: Int) -> Int {
    let (a, b) = (first(a), first(b))
    parents[max(a, b)] = Int32(min(a, b))
    return min(a, b)
  }

  /// The sets numbered in the order of their first elements: the number of each element's set, and how many there are.
  mutating func numbered() -> (numbers: [Int32], count: Int) {
    var numbers = [Int32](repeating: 0, count: parents.count)
    var count: Int32 = 0
    for element in numbers.indices {
      let first = first(element)
      if first == element {
        numbers[element] = count
        count += 1
      } else {
        numbers[element] = numbers[first]
      }
    }
    return (numbers, Int(count))
  }
}
