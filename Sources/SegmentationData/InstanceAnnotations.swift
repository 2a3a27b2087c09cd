import Basics
import Detection

/// The instances of an image, in the order of the dataset: four lists of equal length.
package struct InstanceAnnotations: Equatable, Sendable {
  /// In pixels, with exclusive ends.
  package var boxes: [Box]
  /// 1 ..< classes: 0 is the background.
  package var classes: [UInt16]
  /// Regions of many things that nobody told apart: neither learned nor counted as missed.
  package var isCrowd: [Bool]
  /// Of the image's size.
  package var masks: [RunLengths]

  package init(boxes: [Box] = [], classes: [UInt16] = [], isCrowd: [Bool] = [], masks: [RunLengths] = []) {
    self.boxes = boxes
    self.classes = classes
    self.isCrowd = isCrowd
    self.masks = masks
  }

  /// The things of a picture in which each has a number of its own, in the numbers' order; 0 is no thing. Their boxes
  /// are those of their pixels.
  ///
  /// - Parameters:
  ///   - numbers: height x width.
  ///   - label: the class of each number; nil: it is left out.
  package init(numbered numbers: [UInt16], height: Int, width: Int, ofClass label: (UInt16) -> UInt16?) {
    self.init()
    for (number, mask) in RunLengths.things(in: numbers, height: height, width: width) {
      if let label = label(number) { append(Box(mask.boundingBox), ofClass: label, mask) }
    }
  }

  package var count: Int { boxes.count }

  /// Those whose place is wanted.
  package func filtered(_ isWanted: (Int) -> Bool) -> InstanceAnnotations {
    let wanted = boxes.indices.filter(isWanted)
    return InstanceAnnotations(
      boxes: wanted.map { boxes[$0] }, classes: wanted.map { classes[$0] }, isCrowd: wanted.map { isCrowd[$0] },
      masks: wanted.map { masks[$0] })
  }

  /// Adds one behind the others.
  package mutating func append(_ box: Box, ofClass label: UInt16, isCrowd crowd: Bool = false, _ mask: RunLengths) {
    boxes.append(box)
    classes.append(label)
    isCrowd.append(crowd)
    masks.append(mask)
  }

  /// - Parameters:
  ///   - height: of the image, in pixels.
  ///   - width: likewise.
  ///   - name: file and sample, for the message.
  /// - Throws: `Failure(.badData)` naming the first instance that cannot be one.
  func check(height: Int, width: Int, classCount: Int, _ name: @autoclosure () -> String) throws {
    guard classes.count == count, isCrowd.count == count, masks.count == count else {
      throw Failure(
        .badData,
        "\(name()) has \(count) boxes, \(classes.count) classes, \(isCrowd.count) crowd flags, \(masks.count) masks")
    }
    for index in 0..<count {
      try Self.check(boxes[index], ofClass: classes[index], classCount: classCount, "\(name()), instance \(index)")
      guard masks[index].height == height, masks[index].width == width else {
        throw Failure(
          .badData,
          "\(name()), instance \(index): its mask is \(masks[index].width) x \(masks[index].height) pixels, "
            + "the image \(width) x \(height)")
      }
    }
  }

  static func check(_ box: Box, ofClass label: UInt16, classCount: Int, _ name: @autoclosure () -> String) throws {
    guard (1..<max(1, classCount)).contains(Int(label)) else {
      throw Failure(
        .badData, "\(name()) is of class \(label), where those of instances are 1 to \(classCount - 1)",
        remedy: "0 is the background; classes are numbered from 1")
    }
    let values = [box.x1, box.y1, box.x2, box.y2]
    guard values.allSatisfy(\.isFinite), box.x2 > box.x1, box.y2 > box.y1 else {
      throw Failure(
        .badData, "\(name()) has the box \(values.map { "\($0)" }.joined(separator: ", ")), which surrounds nothing",
        remedy: "a box is x1, y1, x2, y2 in pixels, with x1 < x2 and y1 < y2")
    }
  }

  /// As the shard stores them, after one another: boxes, classes, crowd, runs (docs/formats.md section 9).
  var checksum: UInt32 {
    var sum = boxes.withUnsafeBytes { CRC32C.checksum($0) }
    sum = classes.withUnsafeBytes { CRC32C.checksum($0, continuing: sum) }
    sum = isCrowd.map { UInt8($0 ? 1 : 0) }.withUnsafeBytes { CRC32C.checksum($0, continuing: sum) }
    for mask in masks { sum = mask.counts.withUnsafeBytes { CRC32C.checksum($0, continuing: sum) } }
    return sum
  }

  /// The class of each instance, `crowd` in place of a crowd's: what is counted.
  func countedClasses(crowd: UInt16) -> [UInt16] { zip(classes, isCrowd).map { $1 ? crowd : $0 } }
}

extension Box {
  /// x, y, width, height as two corners.
  init(_ rectangle: Rectangle) {
    self.init(
      Float(rectangle.x), Float(rectangle.y), Float(rectangle.x + rectangle.width),
      Float(rectangle.y + rectangle.height))
  }
}
