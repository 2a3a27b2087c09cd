import Basics
import Detection
import Foundation

/// What a file of COCO's format says of images, categories and annotations. The outlines, which are most of it, stay in the
/// file until they are asked for: COCO's 860,000 annotations take some 70 MB here.
struct COCOCatalogue: Sendable {
  struct Picture: Sendable {
    let id: Int
    /// As `file_name` has it.
    let name: String
    /// nil: the file does not say.
    let size: (height: Int, width: Int)?
  }

  struct Category: Sendable {
    let id: Int
    let name: String
  }

  struct Mark: Sendable {
    /// nil: the file does not say.
    let id: Int?
    /// The id of its image, then the image's place among the pictures.
    var picture: Int
    let category: Int
    let isCrowd: Bool
    /// nil: that of its mask.
    let box: Box?
    /// Where its outline lies in the file; empty where it has none.
    let outline: Range<Int>
  }

  let path: String
  private(set) var pictures: [Picture] = []
  /// In the order of their ids.
  private(set) var categories: [Category] = []
  private var marks: [Mark] = []
  /// Places of marks, those of a picture next to one another.
  private var order: [Int32] = []
  private var starts: [Int32] = []

  /// - Throws: `Failure` that names the file and what is wrong: no JSON, something else than expected, ids that come twice
  ///   or that nothing has.
  init(path: String) throws {
    self.path = path
    try read(try JSONReader(path: path))
    categories.sort { $0.id < $1.id }
    try checkDiffer(pictures.map(\.id), "images", "id")
    try checkDiffer(categories.map(\.id), "categories", "id")
    try checkDiffer(marks.compactMap(\.id), "annotations", "id")
    try checkDiffer(pictures.map(\.name), "images", "file_name")
    try checkDiffer(categories.map(\.name), "categories", "name")
    guard !pictures.isEmpty else { throw Failure(.badData, "\(path) has no images") }
    try resolve()
  }

  var markCount: Int { marks.count }
  var pictureWithoutMarksCount: Int { pictures.indices.count { starts[$0] == starts[$0 + 1] } }

  /// The annotations of a picture, in the file's order.
  func marks(ofPicture index: Int) -> [Mark] {
    order[Int(starts[index])..<Int(starts[index + 1])].map { marks[Int($0)] }
  }

  func count(where condition: (Mark) -> Bool) -> Int { marks.count(where: condition) }

  // MARK: Reading

  private mutating func read(_ text: JSONReader) throws {
    var (pictures, categories, marks): ([Picture], [Category], [Mark]) = ([], [], [])
    var lists: Set<String> = []
    try text.object { key in
      switch key {
      case "images", "annotations", "categories":
        lists.insert(key)
        try text.array { index in
          text.element = (key, index)
          switch key {
          case "images": pictures.append(try Self.picture(text))
          case "categories": categories.append(try Self.category(text))
          default: marks.append(try Self.mark(text))
          }
        }
        text.element = nil
      default: try text.skip()
      }
    }
    try text.finish()
    for list in ["images", "annotations", "categories"] where !lists.contains(list) {
      throw Failure(
        .badData, "\(path) has no '\(list)'",
        remedy: "is it a file of COCO's instances, and not of captions or results?")
    }
    (self.pictures, self.categories, self.marks) = (pictures, categories, marks)
  }

  private static func picture(_ text: JSONReader) throws -> Picture {
    var (id, name, height, width): (Int?, String?, Int?, Int?)
    try text.object { key in
      switch key {
      case "id": id = try text.integer()
      case "file_name": name = try text.string().replacing("\\", with: "/")
      case "height": height = try text.integer()
      case "width": width = try text.integer()
      default: try text.skip()
      }
    }
    guard let id else { throw text.failure("has no 'id'") }
    guard let name, !name.isEmpty else { throw text.failure("has no 'file_name'") }
    guard let height, let width else { return Picture(id: id, name: name, size: nil) }
    guard height > 0, width > 0 else { throw text.failure("is an image of \(width) x \(height)") }
    return Picture(id: id, name: name, size: (height, width))
  }

  private static func category(_ text: JSONReader) throws -> Category {
    var (id, name): (Int?, String?)
    try text.object { key in
      switch key {
      case "id": id = try text.integer()
      case "name": name = try text.string().trimmingCharacters(in: .whitespaces)
      default: try text.skip()
      }
    }
    guard let id, let name else { throw text.failure("has no 'id' and 'name'") }
    guard !name.isEmpty else { throw text.failure("has an empty 'name'") }
    return Category(id: id, name: name)
  }

  private static func mark(_ text: JSONReader) throws -> Mark {
    var (id, picture, category, box): (Int?, Int?, Int?, Box?)
    var (isCrowd, outline) = (false, 0..<0)
    try text.object { key in
      switch key {
      case "id": id = try text.integer()
      case "image_id": picture = try text.integer()
      case "category_id": category = try text.integer()
      case "iscrowd": isCrowd = try flag(text)
      case "bbox": box = try self.box(text)
      case "segmentation": outline = try text.skip()
      default: try text.skip()
      }
    }
    guard let picture else { throw text.failure("has no 'image_id'") }
    guard let category else { throw text.failure("has no 'category_id'") }
    return Mark(id: id, picture: picture, category: category, isCrowd: isCrowd, box: box, outline: outline)
  }

  private static func flag(_ text: JSONReader) throws -> Bool {
    if try text.kind() == .boolean { return try text.boolean() }
    let value = try text.integer()
    guard value == 0 || value == 1 else { throw text.failure("has iscrowd \(value), which is neither 0 nor 1") }
    return value == 1
  }

  private static func box(_ text: JSONReader) throws -> Box? {
    if try text.kind() == .null {
      try text.skip()
      return nil
    }
    let numbers = try text.numbers()
    if numbers.isEmpty { return nil }
    guard numbers.count == 4, numbers.allSatisfy({ abs($0) < 1e6 }), numbers[2] >= 0, numbers[3] >= 0 else {
      throw text.failure("has the bbox \(numbers), which is not x, y, width, height")
    }
    return Box(
      Float(numbers[0]), Float(numbers[1]), Float(numbers[0] + numbers[2]), Float(numbers[1] + numbers[3]))
  }

  // MARK: Ids

  private func checkDiffer<Name: Hashable & Comparable>(_ names: [Name], _ list: String, _ key: String) throws {
    let sorted = names.sorted()
    let twice = zip(sorted, sorted.dropFirst()).filter { $0 == $1 }.map { "\($0.0)" }
    guard let first = twice.first else { return }
    let others = twice.count > 1 ? " (and \(twice.count - 1) more)" : ""
    throw Failure(
      .badData, "\(path): two of '\(list)' have the \(key) \(first)\(others)", remedy: "make them different")
  }

  /// Puts places in the stead of image ids and sorts the annotations by image.
  private mutating func resolve() throws {
    let places = Dictionary(uniqueKeysWithValues: pictures.enumerated().map { ($1.id, $0) })
    let known = Set(categories.map(\.id))
    var problems: [String] = []
    starts = [Int32](repeating: 0, count: pictures.count + 1)
    for index in marks.indices {
      if !known.contains(marks[index].category) {
        problems.append("\(name(index)) is of category \(marks[index].category)")
      }
      guard let place = places[marks[index].picture] else {
        problems.append("\(name(index)) is of image \(marks[index].picture)")
        continue
      }
      marks[index].picture = place
      starts[place + 1] += 1
    }
    guard problems.isEmpty else {
      let rest = problems.count > FileFailures.mostNamed ? "; and \(problems.count - FileFailures.mostNamed) more" : ""
      throw Failure(
        .badData,
        "\(path): \(problems.prefix(FileFailures.mostNamed).joined(separator: "; "))\(rest): there is no such in it",
        remedy: "add what is missing to 'images' and 'categories', or remove these annotations")
    }
    for place in pictures.indices { starts[place + 1] += starts[place] }
    var next = starts
    order = [Int32](repeating: 0, count: marks.count)
    for index in marks.indices {
      order[Int(next[marks[index].picture])] = Int32(index)
      next[marks[index].picture] += 1
    }
  }

  private func name(_ index: Int) -> String { marks[index].id.map { "annotation \($0)" } ?? "annotations[\(index)]" }
}
