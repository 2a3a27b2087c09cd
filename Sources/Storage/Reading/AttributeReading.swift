import Basics
import CHDF5

/// Reads an open attribute, under the library's lock.
struct AttributeReading {
  let identifier: Int64
  let name: String

  func value() throws -> HDF5AttributeValue {
    let problem = "cannot read \(name)"
    let type = try HDF5Library.check(chdf5_attribute_type(identifier), .badData, problem)
    defer { _ = chdf5_type_close(type) }
    var description = chdf5_type_description()
    try HDF5Library.check(chdf5_type_describe(type, &description), .badData, problem)
    var extents = [UInt64](repeating: 0, count: Int(CHDF5_MAXIMUM_RANK))
    let rank = try HDF5Library.check(chdf5_attribute_shape(identifier, &extents), .badData, problem)
    let (_, count) = try checkedShape(extents.prefix(Int(rank)), name)
    // Attributes are small by nature; one that claims more than this is not one of ours.
    let (byteCount, overflow) = count.multipliedReportingOverflow(by: max(8, Int(description.size)))
    guard !overflow, byteCount <= 16 << 20 else {
      throw Failure(.badData, "\(name) claims an impossible size (\(count) elements)")
    }
    let isScalar = rank == 0
    switch HDF5ElementType(description) {
    case .string:
      let strings = try StringReading(
        name: name, count: count, description: description,
        read: { chdf5_attribute_read(identifier, type, $0) },
        reclaim: { chdf5_attribute_reclaim(identifier, type, $0) }
      ).strings()
      return .strings(strings, isScalar: isScalar)
    case .float16, .float32, .float64: return .reals(try numbers(count), isScalar: isScalar)
    case .uint64:
      let values: [UInt64] = try numbers(count)
      if values.allSatisfy({ $0 <= UInt64(Int64.max) }) {
        return .integers(values.map { Int64($0) }, isScalar: isScalar)
      }
      return values.count == 1 ? .unsigned(values[0]) : .other
    case .int8, .uint8, .int16, .uint16, .int32, .uint32, .int64:
      return .integers(try numbers(count), isScalar: isScalar)
    case .other: return .other
    }
  }

  private func numbers<T: HDF5Scalar>(_ count: Int) throws -> [T] {
    guard count > 0 else { return [] }
    let type = try HDF5Library.check(chdf5_type_memory(T.typeCode), .internalError, name)
    defer { _ = chdf5_type_close(type) }
    return try [T](unsafeUninitializedCapacity: count) { buffer, filled in
      guard let base = buffer.baseAddress else { return }
      try HDF5Library.check(chdf5_attribute_read(identifier, type, base), .badData, "\(name) is damaged")
      filled = count
    }
  }
}
