import Basics
import Foundation
import Storage

/// Labelled regions of a training set: what `baseline fit` keeps (docs/formats.md, section 6.2).
package struct RegionModel: Equatable, Sendable {
  package static let format = "fcn-dist-regions"
  package let settings: RegionSettings
  package let classNames: [String]
  package let labels: [UInt16]
  /// [regions, RegionDescriptors.count]
  package let descriptors: [Float]

  package init(settings: RegionSettings, classNames: [String], regions: [LabelledRegion]) {
    self.settings = settings
    self.classNames = classNames
    labels = regions.map(\.label)
    descriptors = regions.flatMap(\.descriptor)
  }

  /// Writes the model; a file that was there is replaced.
  package func write(to path: String) throws {
    let temporary = FileBytes.temporaryPath(for: path)
    let file = try HDF5File.create(temporary)
    do {
      let root = file.root
      try root.setAttribute("format", Self.format)
      try root.setAttribute("version", Int64(1))
      for key in RegionSettings.keys { try root.setAttribute(key.name, key.get(settings)) }
      _ = try root.writeStrings("class_names", classNames)
      _ = try root.write("labels", labels, shape: [labels.count])
      let rows = try root.write("descriptors", descriptors, shape: [labels.count, RegionDescriptors.count])
      try rows.setAttribute("colour", Int64(RegionDescriptors.colourCount))
      try rows.setAttribute("texture", Int64(RegionDescriptors.textureCount))
      try rows.setAttribute("position", Int64(RegionDescriptors.positionCount))
    } catch {
      try? file.close()
      try? FileManager.default.removeItem(atPath: temporary)
      throw error
    }
    try file.close(sealing: .everything)
    try FileBytes.commit(temporary, as: path)
  }

  /// - Throws: `Failure` naming the file and what of it is no such model.
  package init(path: String) throws {
    let file = try HDF5File.open(path)
    let root = file.root
    guard root.hasAttribute("format"), (try? root.stringAttribute("format")) == Self.format else {
      throw Failure(
        .badData, "\(path) is not a model of labelled regions",
        remedy: "make one with 'fcn-dist baseline fit'; checkpoints are for 'fcn-dist evaluate' and 'predict'")
    }
    let version = try root.integerAttribute("version")
    guard version == 1 else {
      throw Failure(.badData, "\(path) is of version \(version), this program knows 1", remedy: "fit it again")
    }
    var settings = RegionSettings()
    for key in RegionSettings.keys {
      let value = try root.realAttribute(key.name)
      guard key.range.contains(value), !key.isWhole || value == value.rounded() else {
        throw Failure(.badData, "\(path): \(key.name) is \(value)", remedy: "fit it again")
      }
      key.set(&settings, value)
    }
    self.settings = settings
    classNames = try root.dataset("class_names").readStrings()
    labels = try root.dataset("labels").read()
    let rows = try root.dataset("descriptors")
    guard rows.shape == [labels.count, RegionDescriptors.count], !labels.isEmpty else {
      throw Failure(
        .badData, "\(rows.name) is \(rows.shape), where [\(labels.count), \(RegionDescriptors.count)] is expected",
        remedy: "fit it again")
    }
    descriptors = try rows.read()
    guard descriptors.allSatisfy(\.isFinite) else {
      throw Failure(.badData, "\(rows.name) has values that are not finite", remedy: "fit it again")
    }
    if let place = labels.firstIndex(where: { Int($0) >= classNames.count }) {
      throw Failure(.badData, "\(path): region \(place) has the label \(labels[place]) of \(classNames.count) classes")
    }
    try file.close()
  }
}
