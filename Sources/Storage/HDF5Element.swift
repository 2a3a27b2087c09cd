import CHDF5

/// What a dataset or an attribute holds.
package enum HDF5ElementType: String, Sendable, Equatable {
  case uint8, int8, uint16, int16, uint32, int32, uint64, int64
  case float16, float32, float64
  case string
  /// Compounds, enumerations, references and everything else that this program has no use for.
  case other

  init(_ description: chdf5_type_description) {
    switch (Int(description.type_class), description.size) {
    case (CHDF5_CLASS_INTEGER, 1): self = description.is_signed != 0 ? .int8 : .uint8
    case (CHDF5_CLASS_INTEGER, 2): self = description.is_signed != 0 ? .int16 : .uint16
    case (CHDF5_CLASS_INTEGER, 4): self = description.is_signed != 0 ? .int32 : .uint32
    case (CHDF5_CLASS_INTEGER, 8): self = description.is_signed != 0 ? .int64 : .uint64
    case (CHDF5_CLASS_FLOAT, 2): self = .float16
    case (CHDF5_CLASS_FLOAT, 4): self = .float32
    case (CHDF5_CLASS_FLOAT, 8): self = .float64
    case (CHDF5_CLASS_STRING, _): self = .string
    default: self = .other
    }
  }

  /// The shim's number of the type, where values of it can be written.
  var code: Int32? {
    switch self {
    case .uint8: Int32(CHDF5_UINT8)
    case .int8: Int32(CHDF5_INT8)
    case .uint16: Int32(CHDF5_UINT16)
    case .int16: Int32(CHDF5_INT16)
    case .uint32: Int32(CHDF5_UINT32)
    case .int32: Int32(CHDF5_INT32)
    case .uint64: Int32(CHDF5_UINT64)
    case .int64: Int32(CHDF5_INT64)
    case .float32: Int32(CHDF5_FLOAT32)
    case .float64: Int32(CHDF5_FLOAT64)
    case .float16, .string, .other: nil
    }
  }

  private var integer: (isSigned: Bool, bits: Int)? {
    switch self {
    case .uint8: (false, 8)
    case .int8: (true, 8)
    case .uint16: (false, 16)
    case .int16: (true, 16)
    case .uint32: (false, 32)
    case .int32: (true, 32)
    case .uint64: (false, 64)
    case .int64: (true, 64)
    default: nil
    }
  }

  private var isFloat: Bool { self == .float16 || self == .float32 || self == .float64 }

  /// Whether reading as `target` keeps every value: integers may widen, and floating point is rounded at worst.
  func canBeRead(as target: HDF5ElementType) -> Bool {
    if self == target { return self.code != nil }
    if isFloat { return target == .float32 || target == .float64 }
    guard let from = integer else { return false }
    if let to = target.integer {
      return from.isSigned == to.isSigned ? from.bits <= to.bits : to.isSigned && from.bits < to.bits
    }
    return target == .float32 && from.bits <= 16 || target == .float64 && from.bits <= 32
  }
}

/// A number that datasets and attributes can hold.
package protocol HDF5Scalar: BitwiseCopyable, Sendable {
  static var hdf5Type: HDF5ElementType { get }
  static var zero: Self { get }
}

extension UInt8: HDF5Scalar { package static var hdf5Type: HDF5ElementType { .uint8 } }
extension Int8: HDF5Scalar { package static var hdf5Type: HDF5ElementType { .int8 } }
extension UInt16: HDF5Scalar { package static var hdf5Type: HDF5ElementType { .uint16 } }
extension Int16: HDF5Scalar { package static var hdf5Type: HDF5ElementType { .int16 } }
extension UInt32: HDF5Scalar { package static var hdf5Type: HDF5ElementType { .uint32 } }
extension Int32: HDF5Scalar { package static var hdf5Type: HDF5ElementType { .int32 } }
extension UInt64: HDF5Scalar { package static var hdf5Type: HDF5ElementType { .uint64 } }
extension Int64: HDF5Scalar { package static var hdf5Type: HDF5ElementType { .int64 } }
extension Float: HDF5Scalar { package static var hdf5Type: HDF5ElementType { .float32 } }
extension Double: HDF5Scalar { package static var hdf5Type: HDF5ElementType { .float64 } }

extension HDF5Scalar {
  static var typeCode: Int32 { hdf5Type.code ?? -1 }
}
