import Basics
import Collectives

func checkMessages(_ group: any ProcessGroup) throws {
  guard group.size > 1 else { return try checkOwnMessages(group) }
  // Around the ring, short and long; even ranks send first, so that blocking sends meet receives.
  let next = (group.rank + 1) % group.size
  let previous = (group.rank + group.size - 1) % group.size
  for count in [0, 1, 100, 4096, 200_003] {
    let outgoing = (0..<count).map { pattern(group.rank, next, count, $0) }
    var incoming = [UInt8](repeating: 0, count: count)
    func send() throws { try outgoing.withUnsafeBytes { try group.send($0, to: next, tag: 3) } }
    func receive() throws { try incoming.withUnsafeMutableBytes { try group.receive($0, from: previous, tag: 3) } }
    if group.rank % 2 == 0 {
      try send()
      try receive()
    } else {
      try receive()
      try send()
    }
    try expect(incoming == (0..<count).map { pattern(previous, group.rank, count, $0) }, "\(count) bytes")
  }
  try group.barrier()
  try checkTags(group)
}

/// Messages of different tags are taken in any order, those of one tag in the order of their sending.
private func checkTags(_ group: any ProcessGroup) throws {
  if group.rank == 1 {
    for (tag, value) in [(7, UInt8(1)), (8, 2), (7, 3), (8, 4)] {
      try [value].withUnsafeBytes { try group.send($0, to: 0, tag: tag) }
    }
  } else if group.rank == 0 {
    var taken: [UInt8] = []
    for tag in [8, 7, 8, 7] {
      var byte = [UInt8(0)]
      try byte.withUnsafeMutableBytes { try group.receive($0, from: 1, tag: tag) }
      taken += byte
    }
    try expect(taken == [2, 1, 4, 3], "tags to keep messages apart, got \(taken)")
  }
  try group.barrier()
}

private func checkOwnMessages(_ group: any ProcessGroup) throws {
  var incoming = [UInt8](repeating: 0, count: 3)
  try [UInt8(1), 2, 3].withUnsafeBytes { try group.send($0, to: 0, tag: 1) }
  try expect(try group.hasMessage(from: 0, tag: 1), "a message from the rank itself")
  try incoming.withUnsafeMutableBytes { try group.receive($0, from: 0, tag: 1) }
  try expect(incoming == [1, 2, 3], "its bytes")
  try expect(try !group.hasMessage(from: 0, tag: 1), "no second one")
}

func checkProbe(_ group: any ProcessGroup) throws {
  guard group.size > 1 else { return }
  if group.rank == 0 {
    try expect(try !group.hasMessage(from: 1, tag: 4), "no message before one was sent")
  }
  try group.barrier()
  if group.rank == 1 {
    try [UInt8(9)].withUnsafeBytes { try group.send($0, to: 0, tag: 4) }
  } else if group.rank == 0 {
    let deadline = ProcessEnvironment.monotonicSeconds + 10
    while try !group.hasMessage(from: 1, tag: 4) {
      try expect(ProcessEnvironment.monotonicSeconds < deadline, "the message within 10 s")
    }
    try expect(try !group.hasMessage(from: 1, tag: 5), "no message of another tag")
    var byte = [UInt8(0)]
    try byte.withUnsafeMutableBytes { try group.receive($0, from: 1, tag: 4) }
    try expect(byte == [9], "its byte")
  }
  try group.barrier()
}

/// Between any two ranks (a rank and itself too): none, one or several messages, empty ones among them, of lengths that
/// no two pairs share.
func checkExchange(_ group: any ProcessGroup) throws {
  func lengths(_ source: Int, _ destination: Int) -> [Int] {
    switch (source * 3 + destination) % 4 {
    case 0: []
    case 1: [17 + 1000 * source + destination]
    case 2: [0, 5, 100_000 + source]
    default: [1 + destination, 0, 2 + source, 4097]
    }
  }
  let ranks = 0..<group.size
  let outgoing = ranks.flatMap { peer in
    lengths(group.rank, peer).enumerated().map { number, count in
      (peer, (0..<count).map { pattern(group.rank, peer, number, $0) })
    }
  }
  let expected = ranks.flatMap { peer in
    lengths(peer, group.rank).enumerated().map { number, count in
      (peer, (0..<count).map { pattern(peer, group.rank, number, $0) })
    }
  }
  for _ in 0..<3 {
    let sources = outgoing.map { OutgoingMessage(to: $0.0, UnsafeRawBufferPointer(buffer(of: $0.1))) }
    let places = expected.map { IncomingMessage(from: $0.0, buffer(of: Array(repeating: 0, count: $0.1.count))) }
    defer {
      for message in sources { message.bytes.deallocate() }
      for message in places { message.bytes.deallocate() }
    }
    try group.exchange(sends: sources, receives: places)
    for (place, wanted) in zip(places, expected) {
      try expect(Array(place.bytes) == wanted.1, "\(wanted.1.count) bytes of rank \(wanted.0)")
    }
  }
  try group.exchange(sends: [], receives: [])
}

private func buffer(of bytes: [UInt8]) -> UnsafeMutableRawBufferPointer {
  let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
  buffer.copyBytes(from: bytes)
  return buffer
}

/// A message shorter or longer than its receiver expects is an error there, not a silent remainder.
func checkMessageLength(_ group: any ProcessGroup) throws {
  guard group.size > 1 else { return }
  for (sent, expected) in [(3, 4), (4, 3), (0, 1)] {
    if group.rank == 1 {
      try [UInt8](repeating: 1, count: sent).withUnsafeBytes { try group.send($0, to: 0, tag: 2) }
    } else if group.rank == 0 {
      var bytes = [UInt8](repeating: 0, count: expected)
      try expectFailure(containing: "expect") {
        try bytes.withUnsafeMutableBytes { try group.receive($0, from: 1, tag: 2) }
      }
    }
    try group.barrier()
  }
}
