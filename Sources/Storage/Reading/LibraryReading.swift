import Basics
import CHDF5

/// A file that the library of this process has open.
final class LibraryReading: HDF5Reading {
  let file: Int64
  private let path: String

  /// Takes `file` over.
  init(file: Int64, path: String) {
    self.file = file
    self.path = path
  }

  /// Opens a file for reading, without locking it.
  convenience init(opening path: String) throws {
    let file = try HDF5Library.check(chdf5_file_open(path), .badData, "\(path) is not an intact HDF5 file")
    self.init(file: file, path: path)
  }

  func closeFile() throws { try HDF5Library.check(chdf5_file_close(file), .inputOutput, "cannot write \(path)") }

  func openRoot() throws -> OpenedObject {
    let identifier = try HDF5Library.check(chdf5_object_open(file, "/"), .badData, "cannot open \(path): /")
    return OpenedObject(identifier: identifier, kind: .group)
  }

  func open(_ name: String, below parent: PlacedObject) throws -> OpenedObject {
    var current = parent.identifier
    var owned: Int64?
    var place = parent.path
    defer { if let owned { _ = chdf5_object_close(owned) } }
    let steps = name.split(separator: "/").map(String.init)
    guard !steps.isEmpty else {
      throw Failure(.internalError, "\(parent.name): an object without a name was asked for")
    }
    for step in steps {
      place = PlacedObject.join(place, step)
      var kind: Int32 = 0
      try HDF5Library.check(chdf5_link_kind(current, step, &kind), .badData, "cannot look up \(path): \(place)")
      guard kind != CHDF5_LINK_MISSING else { throw Failure(.badData, "\(path) has no \(place)") }
      guard kind != CHDF5_LINK_OTHER else {
        throw Failure(.badData, "\(path): \(place) is a link to another file, which is not followed")
      }
      let next = try HDF5Library.check(chdf5_object_open(current, step), .badData, "cannot open \(path): \(place)")
      if let owned { _ = chdf5_object_close(owned) }
      owned = next
      current = next
    }
    let kind = OpenedObject.Kind(rawValue: chdf5_object_kind(current)) ?? .other
    owned = nil
    return OpenedObject(identifier: current, kind: kind)
  }

  func close(_ object: Int64) { _ = chdf5_object_close(object) }

  func childNames(of group: PlacedObject) throws -> [String] {
    let collector = NameCollector()
    let status = collector.collect { chdf5_group_iterate(group.identifier, $0, $1) }
    try HDF5Library.check(status, .badData, "cannot list \(group.name)")
    return collector.names
  }

  func attributeNames(of object: PlacedObject) throws -> [String] {
    let collector = NameCollector()
    let status = collector.collect { chdf5_attribute_iterate(object.identifier, $0, $1) }
    try HDF5Library.check(status, .badData, "cannot list the attributes of \(object.name)")
    return collector.names
  }

  func attribute(_ attribute: String, of object: PlacedObject) throws -> HDF5AttributeValue? {
    let place = "\(object.name)@\(attribute)"
    let problem = "cannot read \(place)"
    guard try HDF5Library.check(chdf5_attribute_exists(object.identifier, attribute), .badData, problem) > 0 else {
      return nil
    }
    let identifier = try HDF5Library.check(chdf5_attribute_open(object.identifier, attribute), .badData, problem)
    defer { _ = chdf5_attribute_close(identifier) }
    return try AttributeReading(identifier: identifier, name: place).value()
  }

  func facts(of dataset: PlacedObject) throws -> DatasetFacts {
    let problem = "cannot read what \(dataset.name) is"
    let type = try HDF5Library.check(chdf5_dataset_type(dataset.identifier), .badData, problem)
    defer { _ = chdf5_type_close(type) }
    var description = chdf5_type_description()
    try HDF5Library.check(chdf5_type_describe(type, &description), .badData, problem)
    var isLittleEndianStandard = false
    if let code = HDF5ElementType(description).code {
      isLittleEndianStandard = try HDF5Library.check(chdf5_type_is_file_type(type, code), .badData, problem) > 0
    }
    var extents = [UInt64](repeating: 0, count: Int(CHDF5_MAXIMUM_RANK))
    let rank = try HDF5Library.check(chdf5_dataset_shape(dataset.identifier, &extents), .badData, problem)
    var storage = chdf5_storage_description()
    try HDF5Library.check(chdf5_dataset_storage(dataset.identifier, &storage), .badData, problem)
    return try DatasetFacts(
      extents: extents.prefix(Int(rank)), description: description, storage: storage,
      isLittleEndianStandard: isLittleEndianStandard, name: dataset.name)
  }

  func read(
    _ dataset: PlacedObject, as element: Int32, rows: Range<Int>?, into buffer: UnsafeMutableRawBufferPointer
  ) throws {
    guard let base = buffer.baseAddress, buffer.count > 0 else { return }
    let type = try HDF5Library.check(chdf5_type_memory(element), .internalError, dataset.name)
    defer { _ = chdf5_type_close(type) }
    let status =
      if let rows {
        chdf5_dataset_read_rows(dataset.identifier, type, UInt64(rows.lowerBound), UInt64(rows.count), base)
      } else {
        chdf5_dataset_read(dataset.identifier, type, base)
      }
    try HDF5Library.check(status, .badData, "\(dataset.name) is damaged")
  }

  func strings(of dataset: PlacedObject) throws -> [String] {
    let facts = try facts(of: dataset)
    let type = try HDF5Library.check(
      chdf5_dataset_type(dataset.identifier), .badData, "cannot read \(dataset.name)")
    defer { _ = chdf5_type_close(type) }
    return try StringReading(
      name: dataset.name, count: facts.count, description: facts.description,
      read: { chdf5_dataset_read(dataset.identifier, type, $0) },
      reclaim: { chdf5_dataset_reclaim(dataset.identifier, type, $0) }
    ).strings()
  }

  func stringBytes(of dataset: PlacedObject) throws -> [UInt8] {
    let facts = try facts(of: dataset)
    let type = try HDF5Library.check(
      chdf5_dataset_type(dataset.identifier), .badData, "cannot read \(dataset.name)")
    defer { _ = chdf5_type_close(type) }
    return try StringReading.bytes(facts.byteCount, dataset.name) { chdf5_dataset_read(dataset.identifier, type, $0) }
  }
}

/// Collects the names that the library calls back with.
private final class NameCollector {
  var names: [String] = []

  func collect(_ iterate: (chdf5_name_receiver, UnsafeMutableRawPointer) -> Int32) -> Int32 {
    withExtendedLifetime(self) {
      iterate(
        { name, context in
          guard let context else { return -1 }
          Unmanaged<NameCollector>.fromOpaque(context).takeUnretainedValue().names.append(String(cString: name))
          return 0
        }, Unmanaged.passUnretained(self).toOpaque())
    }
  }
}
