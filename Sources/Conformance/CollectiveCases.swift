import Basics
import Collectives

/// Lengths at and around what implementations treat apart: nothing, less than a rank's worth, odd, long.
private let lengths = [0, 1, 2, 3, 7, 64, 1000, 30_011]

private typealias Values<T> = UnsafeMutableBufferPointer<T>

func checkReductions(_ group: any ProcessGroup) throws {
  for count in lengths {
    try checkReduction(group, count: count) { (values: Values<Float>, reduction) in
      try group.allReduce(values, reduction)
    }
    try checkReduction(group, count: count) { (values: Values<Double>, reduction) in
      try group.allReduce(values, reduction)
    }
    try checkReduction(group, count: count) { (values: Values<Int64>, reduction) in
      try group.allReduce(values, reduction)
    }
  }
  // Beyond 32 bits, and beyond what a double holds exactly.
  try expect(
    try group.allReduce(Int64(1) << 60, .sum) == Int64(group.size) << 60, "64-bit sums")
  try expect(try group.allReduce(Int64(-group.rank), .minimum) == Int64(1 - group.size), "negative minimum")
}

/// Element i of rank r is (r + 1)(i % 8 + 1): small whole numbers, exact in any order of summation.
private func checkReduction<T: Numeric & Comparable>(
  _ group: any ProcessGroup, count: Int,
  _ reduce: (Values<T>, Reduction) throws -> Void
) throws {
  let size = group.size
  for (reduction, factor) in [(Reduction.sum, size * (size + 1) / 2), (.minimum, 1), (.maximum, size)] {
    var values = (0..<count).map { T(exactly: (group.rank + 1) * ($0 % 8 + 1)) ?? .zero }
    try values.withUnsafeMutableBufferPointer { try reduce($0, reduction) }
    for (i, value) in values.enumerated() where value != T(exactly: factor * (i % 8 + 1)) {
      throw Failure(
        .internalError, "\(reduction) of \(count) \(T.self): element \(i) is \(value), not \(factor * (i % 8 + 1))")
    }
  }
}

func checkBroadcast(_ group: any ProcessGroup) throws {
  for root in 0..<group.size {
    for count in lengths {
      var bytes = (0..<count).map { pattern(group.rank, 0, count, $0) }
      try bytes.withUnsafeMutableBytes { try group.broadcast($0, from: root) }
      try expect(bytes == (0..<count).map { pattern(root, 0, count, $0) }, "\(count) bytes of rank \(root)")
    }
  }
}

func checkGather(_ group: any ProcessGroup) throws {
  for base in [0, 1, 50, 10_000] {
    // Rank 1 has nothing, the others differ.
    func count(_ rank: Int) -> Int { rank == 1 ? 0 : base * (rank + 1) }
    let own = (0..<count(group.rank)).map { pattern(group.rank, 0, base, $0) }
    let all = try group.allGather(own)
    try expect(all.count == group.size, "\(group.size) parts, not \(all.count)")
    for (rank, part) in all.enumerated() {
      try expect(part == (0..<count(rank)).map { pattern(rank, 0, base, $0) }, "rank \(rank)'s \(count(rank)) bytes")
    }
  }
}

/// Nobody leaves before the last has come.
func checkBarrier(_ group: any ProcessGroup) throws {
  for last in 0..<group.size {
    if group.rank == last { pause(seconds: 0.05) }
    let before = ProcessEnvironment.monotonicSeconds
    try group.barrier()
    var times = [before]
    let after = ProcessEnvironment.monotonicSeconds
    try group.allReduce(&times, .maximum)
    try expect(times[0] <= after, "rank \(group.rank) in the barrier until all had come")
  }
}

func checkSubgroups(_ group: any ProcessGroup) throws {
  let color = group.rank % 2
  guard let half = try group.subgroup(color: color) else {
    throw Failure(.internalError, "expected a group for color \(color)")
  }
  let members = (0..<group.size).filter { $0 % 2 == color }
  try expect(half.size == members.count && members[half.rank] == group.rank, "rank \(half.rank) of \(half.size)")
  try expect(
    try half.allReduce(Int64(group.rank), .sum) == Int64(members.reduce(0, +)), "the sum over the subgroup only")

  // Rank 0 stays out, as a coordinator does.
  let workers = try group.subgroup(color: group.rank == 0 ? nil : 5)
  try expect((workers == nil) == (group.rank == 0), "no group for the rank without color")
  if let workers {
    try expect(workers.size == group.size - 1 && workers.rank == group.rank - 1, "the workers in order")
    try expect(try workers.allReduce(1, .sum) == Int64(group.size - 1), "the workers only")
    try workers.close()
  }
  // A group of a group.
  if let pair = try half.subgroup(color: half.rank / 2) {
    try expect(pair.size == min(2, half.size - half.rank / 2 * 2), "pairs of the half")
    try pair.close()
  }
  try half.close()
}

func checkMachine(_ group: any ProcessGroup) throws {
  let node = try group.nodeGroup()
  try expect(node.size >= 1 && node.rank < node.size, "rank \(node.rank) of \(node.size) on this machine")
  let ranks = try node.allGather([UInt8(truncatingIfNeeded: group.rank)]).map { Int($0[0]) }
  try expect(ranks == ranks.sorted() && ranks[node.rank] == group.rank, "the machine's ranks in order, not \(ranks)")
  let machines = try group.allReduce(node.rank == 0 ? 1 : 0, .sum)
  let total = try group.allReduce(Int64(node.rank == 0 ? node.size : 0), .sum)
  try expect(machines >= 1 && total == Int64(group.size), "every rank on one of the \(machines) machines")
  try node.close()
}

func checkThreadPlan(_ group: any ProcessGroup) throws {
  let plan = try ThreadPlan(group, requested: nil)
  try expect(plan.threadCount >= 1 && plan.commonThreadCount >= 1, "at least one thread")
  try expect(plan.commonThreadCount <= plan.threadCount, "the common count to be the smallest")
  // All ranks on one machine together do not use more than it has.
  if plan.affinity.threadCount >= group.size {
    try expect(plan.threadCount <= plan.affinity.threadCount, "no more threads than processors")
  }
}
