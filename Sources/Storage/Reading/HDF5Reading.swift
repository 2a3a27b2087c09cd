/// An open file that can be asked: through the library in this process, or in a process of its own.
///
/// All of it is called under the library's lock, by `HDF5Session.read`.
protocol HDF5Reading: AnyObject, Sendable {
  func openRoot() throws -> OpenedObject

  /// Follows `name`, a path below `parent`, step by step, so that the missing one is named and no link is followed out
  /// of the file.
  func open(_ name: String, below parent: PlacedObject) throws -> OpenedObject
  func close(_ object: Int64)

  /// Names of the group's links, in no order.
  func childNames(of group: PlacedObject) throws -> [String]
  func attributeNames(of object: PlacedObject) throws -> [String]
  /// nil: there is no such attribute.
  func attribute(_ attribute: String, of object: PlacedObject) throws -> HDF5AttributeValue?

  func facts(of dataset: PlacedObject) throws -> DatasetFacts
  /// Values in C order as `element` has them in memory.
  ///
  /// - Parameter rows: entries of the first dimension; nil: all there is. `buffer` has room for exactly those.
  func read(
    _ dataset: PlacedObject, as element: Int32, rows: Range<Int>?, into buffer: UnsafeMutableRawBufferPointer) throws
  func strings(of dataset: PlacedObject) throws -> [String]
  /// Strings of fixed length as they are stored.
  func stringBytes(of dataset: PlacedObject) throws -> [UInt8]

  func closeFile() throws
}

/// What opening gives; to be closed by its identifier.
struct OpenedObject: Equatable {
  enum Kind: Int32 {
    case group, dataset, other
  }

  let identifier: Int64
  let kind: Kind
}

/// An open object and where it is.
struct PlacedObject {
  let identifier: Int64
  /// In the file: "/model/parameters".
  let path: String
  /// File and place, as messages name them.
  let name: String

  /// The path of a group's child.
  static func join(_ parent: String, _ child: String) -> String {
    child.hasPrefix("/") ? child : parent == "/" ? "/\(child)" : "\(parent)/\(child)"
  }
}
