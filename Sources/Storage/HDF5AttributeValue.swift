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
