import Basics
import CHDF5

/// What an attribute holds, as far as this program has a use for it.
package enum HDF5AttributeValue: Equatable, Sendable {
  case integers([Int64], isScalar: Bool)
  /// A scalar that only an unsigned number of 64 bits can hold.
  case unsigned(UInt64)
  case reals([Double], isScalar: Bool)
  case strings([String], isScalar: Bool)
  /// Another type (a reference, a compound); its bytes are not read.
  case other
}

extension HDF5Object {
  /// Sets an attribute to a number, replacing an older value.
  package func setAttribute<T: HDF5Scalar>(_ attribute: String, _ value: T) throws {
    try setAttribute(attribute, numbers: [value], shape: [])
  }

  /// Sets an attribute to a one-dimensional array of numbers, replacing an older value.
  package func setAttribute<T: HDF5Scalar>(_ attribute: String, _ values: [T]) throws {
    try setAttribute(attribute, numbers: values, shape: [UInt64(values.count)])
  }

  /// Sets an attribute to a string as h5py writes it (UTF-8, variable length), replacing an older value.
  package func setAttribute(_ attribute: String, _ value: String) throws {
    guard !value.utf8.contains(0) else { throw Failure(.badData, "\(name)@\(attribute): text with a zero byte in it") }
    try value.withCString { text in
      try withUnsafeBytes(of: text) { pointer in
        try writeAttribute(attribute, { chdf5_type_utf8(0) }, shape: [], pointer)
      }
    }
  }

  /// Sets an attribute to ASCII text of fixed length, as the HDF5 Image specification asks for.
  package func setASCIIAttribute(_ attribute: String, _ value: String) throws {
    let bytes = Array(value.utf8) + [0]
    guard bytes.dropLast().allSatisfy({ $0 > 0 && $0 < 128 }) else {
      throw Failure(.internalError, "\(name)@\(attribute): \(value.debugDescription) is not ASCII")
    }
    try bytes.withUnsafeBytes {
      try writeAttribute(attribute, { chdf5_type_ascii(Int64(bytes.count)) }, shape: [], $0)
    }
  }

  private func setAttribute<T: HDF5Scalar>(_ attribute: String, numbers: [T], shape: [UInt64]) throws {
    try numbers.withUnsafeBytes {
      try writeAttribute(
        attribute, { chdf5_type_file(T.typeCode) }, memory: { chdf5_type_memory(T.typeCode) }, shape: shape, $0)
    }
  }

  private func writeAttribute(
    _ attribute: String, _ fileType: () -> Int64, memory memoryType: (() -> Int64)? = nil, shape: [UInt64],
    _ values: UnsafeRawBufferPointer
  ) throws {
    try use { object in
      let problem = "cannot write \(name)@\(attribute)"
      let fileType = try HDF5Library.check(fileType(), .internalError, problem)
      defer { _ = chdf5_type_close(fileType) }
      let memoryType = try HDF5Library.check(memoryType?() ?? fileType, .internalError, problem)
      defer { if memoryType != fileType { _ = chdf5_type_close(memoryType) } }
      if try HDF5Library.check(chdf5_attribute_exists(object, attribute), .inputOutput, problem) > 0 {
        try HDF5Library.check(chdf5_attribute_delete(object, attribute), .inputOutput, problem)
      }
      guard let base = values.baseAddress else {
        throw Failure(.internalError, "\(name)@\(attribute): an attribute without values")
      }
      try HDF5Library.check(
        chdf5_attribute_write(object, attribute, fileType, memoryType, Int32(shape.count), shape, base), .inputOutput,
        problem)
    }
  }

  package func hasAttribute(_ attribute: String) -> Bool {
    (try? use { chdf5_attribute_exists($0, attribute) > 0 }) ?? false
  }

  /// Names of all attributes, sorted.
  package func attributeNames() throws -> [String] {
    let collector = NameCollector()
    try use { object in
      let status = collector.collect { chdf5_attribute_iterate(object, $0, $1) }
      try HDF5Library.check(status, .badData, "cannot list the attributes of \(name)")
    }
    return collector.names.sorted()
  }

  /// A scalar (or one-element) integer attribute of any integer type.
  package func integerAttribute(_ attribute: String) throws -> Int64 {
    guard case .integers(let values, _) = try attributeValue(attribute), values.count == 1 else {
      throw Failure(.badData, "\(name)@\(attribute) is not one integer")
    }
    return values[0]
  }

  /// A scalar (or one-element) integer attribute that is not negative.
  package func unsignedAttribute(_ attribute: String) throws -> UInt64 {
    switch try attributeValue(attribute) {
    case .unsigned(let value): return value
    case .integers(let values, _) where values.count == 1 && values[0] >= 0: return UInt64(values[0])
    default: throw Failure(.badData, "\(name)@\(attribute) is not one unsigned integer")
    }
  }

  /// A one-dimensional integer attribute; a scalar counts as one element.
  package func integersAttribute(_ attribute: String) throws -> [Int64] {
    guard case .integers(let values, _) = try attributeValue(attribute) else {
      throw Failure(.badData, "\(name)@\(attribute) is not an array of integers")
    }
    return values
  }

  /// A scalar (or one-element) attribute of any number type.
  package func realAttribute(_ attribute: String) throws -> Double {
    switch try attributeValue(attribute) {
    case .reals(let values, _) where values.count == 1: return values[0]
    case .integers(let values, _) where values.count == 1: return Double(values[0])
    default: throw Failure(.badData, "\(name)@\(attribute) is not one number")
    }
  }

  /// A scalar (or one-element) string attribute, of fixed or of variable length.
  package func stringAttribute(_ attribute: String) throws -> String {
    guard case .strings(let values, _) = try attributeValue(attribute), values.count == 1 else {
      throw Failure(.badData, "\(name)@\(attribute) is not text")
    }
    return values[0]
  }

  /// Whatever an attribute holds.
  ///
  /// - Throws: `Failure(.badData)` if there is no such attribute or it cannot be read.
  package func attributeValue(_ attribute: String) throws -> HDF5AttributeValue {
    try use { object in
      let place = "\(name)@\(attribute)"
      let problem = "cannot read \(place)"
      guard try HDF5Library.check(chdf5_attribute_exists(object, attribute), .badData, problem) > 0 else {
        throw Failure(.badData, "\(name) has no attribute \(attribute)")
      }
      let identifier = try HDF5Library.check(chdf5_attribute_open(object, attribute), .badData, problem)
      defer { _ = chdf5_attribute_close(identifier) }
      return try AttributeReading(identifier: identifier, name: place).value()
    }
  }
}

/// Reads an open attribute, under the library's lock.
private struct AttributeReading {
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
