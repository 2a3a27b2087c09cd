import Basics
import CHDF5

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

  /// Whether the object has this attribute.
  package func hasAttribute(_ attribute: String) -> Bool {
    (try? read { try $0.attribute(attribute, of: $1) != nil }) ?? false
  }

  /// Names of all attributes, sorted.
  package func attributeNames() throws -> [String] { try read { try $0.attributeNames(of: $1) }.sorted() }

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
    guard let value = try read({ try $0.attribute(attribute, of: $1) }) else {
      throw Failure(.badData, "\(name) has no attribute \(attribute)")
    }
    return value
  }
}
