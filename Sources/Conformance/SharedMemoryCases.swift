import Basics
import Collectives

func checkSharedMemory(_ group: any ProcessGroup) throws {
  let node = try group.nodeGroup()
  // Several at once, of sizes that are no page's multiple; twice, so that the first ones' memory is given back.
  for round in 0..<2 {
    let regions = try [1, 4096, 100_001, 3 << 20].map { try node.sharedMemory(byteCount: $0) }
    for region in regions {
      try expect(Int(bitPattern: region.base) % 4096 == 0, "memory at a page's start, not at \(region.base)")
      let bytes = UnsafeRawBufferPointer(start: region.base, count: region.byteCount)
      try expect(bytes.allSatisfy { $0 == 0 }, "zeroes in \(region.byteCount) bytes of round \(round)")
    }
    try node.barrier()
    for region in regions {
      // Each rank writes every size-th byte.
      for i in stride(from: node.rank, to: region.byteCount, by: node.size) {
        region.base.storeBytes(of: pattern(i % node.size, round, region.byteCount, i), toByteOffset: i, as: UInt8.self)
      }
    }
    try node.barrier()
    for region in regions {
      let bytes = UnsafeRawBufferPointer(start: region.base, count: region.byteCount)
      for (i, byte) in bytes.enumerated() where byte != pattern(i % node.size, round, region.byteCount, i) {
        throw Failure(.internalError, "byte \(i) of \(region.byteCount) is not what rank \(i % node.size) wrote")
      }
    }
    try node.barrier()
  }
  try node.close()
}

/// More than any machine has: an error on all ranks, and no signal.
func checkSharedMemoryRefused(_ group: any ProcessGroup) throws {
  let node = try group.nodeGroup()
  try expectFailure(containing: "memory") {
    _ = try node.sharedMemory(byteCount: 1 << 50)
  }
  // The group is as good as before.
  _ = try node.sharedMemory(byteCount: 100)
  try node.close()
}

func checkSharedMemorySizesDiffer(_ group: any ProcessGroup) throws {
  let node = try group.nodeGroup()
  guard node.size > 1 else { return try node.close() }
  try expectFailure(containing: "") { _ = try node.sharedMemory(byteCount: 4096 + node.rank) }
  try node.close()
}
