import Basics

/// A state_dict that torch.save wrote: since PyTorch 1.6 a ZIP archive of a pickle and the storages' bytes, before that
/// pickles with the storages' bytes behind them. Nothing in it is executed: `Pickle` builds values from the few opcodes of
/// a state_dict and refuses the rest.
enum PyTorchFile {
  /// The old format begins with a pickle of this number: 0x1950a86a20f9469cfc6c.
  static let legacyMagic: [UInt8] = [
    0x80, 2, 0x8A, 10, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19, 0x2E,
  ]

  private static let maxPickleBytes = 8 << 20

  static func tensors(_ archive: ZipArchive) throws -> [SourceTensor] {
    let file = archive.file
    guard let pickleName = archive.entries.keys.first(where: { $0.hasSuffix("/data.pkl") || $0 == "data.pkl" }) else {
      throw file.failure("its ZIP archive has no data.pkl")
    }
    let range = try archive.range(of: pickleName)
    guard range.count <= maxPickleBytes else { throw file.failure("its pickle has \(range.count) bytes") }
    var pickle = Pickle(try file.bytes(range), path: file.path)
    let folder = pickleName.dropLast("data.pkl".count)
    if let order = archive.entries["\(folder)byteorder"], order.size < 16,
      try file.bytes(archive.range(of: "\(folder)byteorder")) != Array("little".utf8)
    {
      throw file.failure("its numbers are big-endian")
    }
    return try tensors(of: try pickle.load(), file) { storage in try archive.range(of: "\(folder)data/\(storage.key)") }
  }

  /// The old format: magic, protocol, facts of the machine, the state, the storages' keys, and for each its count and
  /// its bytes.
  static func legacyTensors(_ file: ByteFile) throws -> [SourceTensor] {
    let bytes = try file.prefix(from: 0, most: maxPickleBytes)
    var position = 0
    var values: [PickleValue] = []
    for _ in 0..<5 {
      var pickle = Pickle(bytes, at: position, path: file.path)
      values.append(try pickle.load())
      position = pickle.position
    }
    guard case .list(let keys) = values[4] else { throw file.failure("it has no list of storages") }
    let types = storageTypes(in: values[3])
    var places: [String: Range<Int>] = [:]
    for case .string(let key) in keys.items {
      let count = Int(try file.littleEndian(Int64.self, at: position))
      position += 8
      let (byteCount, overflows) = count.multipliedReportingOverflow(by: types[key] ?? 1)
      guard count >= 0, !overflows, byteCount <= file.count - position else {
        throw file.failure("storage \(key) is beyond its end: it is cut off")
      }
      places[key] = position..<position + byteCount
      position += byteCount
    }
    let found = places
    return try tensors(of: values[3], file) { storage in
      guard let place = found[storage.key] else { throw file.failure("storage \(storage.key) is missing") }
      return place
    }
  }

  /// Bytes of a number in each storage that tensors use.
  private static func storageTypes(in value: PickleValue) -> [String: Int] {
    var sizes: [String: Int] = [:]
    var visits = 0
    walk(value, prefix: "", depth: 0, &visits) { _, tensor in
      sizes[tensor.storage.key] = tensor.storage.type?.byteCount
    }
    return sizes
  }

  private static func tensors(
    of state: PickleValue, _ file: ByteFile, place: @escaping @Sendable (PickleStorage) throws -> Range<Int>
  ) throws -> [SourceTensor] {
    var result: [SourceTensor] = []
    var visits = 0
    walk(state, prefix: "", depth: 0, &visits) { name, tensor in
      guard tensor.storage.type != nil else { return }
      result.append(SourceTensor(name, shape: tensor.shape) { try values(of: tensor, named: name, file, place) })
    }
    return result
  }

  /// Calls `body` with every tensor and its name: keys joined by dots. A dictionary may hold itself, so both the depth
  /// and the visits are limited.
  private static func walk(
    _ value: PickleValue, prefix: String, depth: Int, _ visits: inout Int, _ body: (String, PickleTensor) -> Void
  ) {
    visits += 1
    guard depth < 8, visits < 1 << 18 else { return }
    switch value {
    case .tensor(let tensor): body(prefix, tensor)
    case .dictionary(let dictionary):
      for case (.string(let key), let value) in dictionary.items {
        walk(value, prefix: prefix.isEmpty ? key : "\(prefix).\(key)", depth: depth + 1, &visits, body)
      }
    default: break
    }
  }

  private static func values(
    of tensor: PickleTensor, named name: String, _ file: ByteFile, _ place: (PickleStorage) throws -> Range<Int>
  ) throws -> [Float] {
    let storage = try place(tensor.storage)
    guard let type = tensor.storage.type, let count = SourceTensor.count(tensor.shape), tensor.offset >= 0 else {
      throw file.failure("tensor '\(name)' has shape \(tensor.shape)")
    }
    if count == 0 { return [] }
    // The highest element that the strides reach.
    var reach = tensor.offset
    for (extent, stride) in zip(tensor.shape, tensor.strides) {
      let (step, overflows) = stride.multipliedReportingOverflow(by: extent - 1)
      guard stride >= 0, !overflows, step <= 1 << 40 else { throw file.failure("tensor '\(name)' has broken strides") }
      reach += step
    }
    let available = storage.count / type.byteCount
    guard reach < available, count <= available else {
      throw file.failure("tensor '\(name)' of shape \(tensor.shape) is larger than its storage")
    }
    var contiguous = 1
    let isContiguous = zip(tensor.shape, tensor.strides).reversed().allSatisfy { extent, stride in
      defer { contiguous *= extent }
      return extent == 1 || stride == contiguous
    }
    let start = storage.lowerBound + tensor.offset * type.byteCount
    let numbers = type.floats(try file.bytes(start..<start + (reach - tensor.offset + 1) * type.byteCount))
    if isContiguous { return numbers }
    var result: [Float] = []
    result.reserveCapacity(count)
    var index = [Int](repeating: 0, count: tensor.shape.count)
    for _ in 0..<count {
      result.append(numbers[zip(index, tensor.strides).reduce(0) { $0 + $1.0 * $1.1 }])
      for axis in index.indices.reversed() {
        index[axis] += 1
        if index[axis] < tensor.shape[axis] { break }
        index[axis] = 0
      }
    }
    return result
  }
}
