import Basics

/// Classes of annotations by outlines: what the marks are called, and `background` for the rest.
struct ShapeClasses {
  static let background = "background"
  /// Names that tools give to what is to be left out.
  private static let ignoredNames: Set<String> = ["__ignore__", "_ignore_", "ignore"]
  private static let backgroundNames: Set<String> = ["_background_", "__background__", background]

  let code: LabelCode
  private let labels: [String: UInt16]

  /// - Parameter found: the names that occur, in the order that the classes get if nobody says another.
  init(found: [String], _ options: LabelOptions) {
    let things = found.filter { !Self.ignoredNames.contains($0) && !Self.backgroundNames.contains($0) }
    let names = options.classNames ?? [Self.background] + things
    // Without a class for it, what nobody marked is of no class.
    code = LabelCode(classNames: names, palette: Palette.voc, ignored: [names.count <= 255 ? 255 : 65_535])
    var labels = Dictionary(names.enumerated().map { ($1, UInt16($0)) }, uniquingKeysWith: { first, _ in first })
    for name in Self.backgroundNames { labels[name] = labels[name] ?? labels[Self.background] ?? Self.void(code) }
    for name in Self.ignoredNames where labels[name] == nil { labels[name] = Self.void(code) }
    self.labels = labels
  }

  private static func void(_ code: LabelCode) -> UInt16 { UInt16(code.ignoreLabel) }

  /// Of pixels that nobody marked.
  var backgroundLabel: UInt16 { labels[Self.background] ?? Self.void(code) }

  /// - Throws: `Failure(.badData)` if the name is no class.
  func label(of name: String, _ place: String) throws -> UInt16 {
    guard let label = labels[name] else {
      throw Failure(
        .badData, "\(place) has the label '\(name)', which is not in --classes",
        remedy: "add it there, or call it __ignore__")
    }
    return label
  }

  /// The marks of a file; those of one group and name are one area, so that a ring in a ring is a hole.
  func map(_ file: LabelmeFile) throws -> ShapeMap {
    var shapes: [Shape] = []
    var places: [String: Int] = [:]
    for mark in file.marks {
      let label = try label(of: mark.name, file.path)
      if let group = mark.group, case .rings(let rings) = mark.area {
        let identity = "\(group) \(mark.name)"
        if let place = places[identity], case .rings(let others) = shapes[place].area {
          shapes[place] = Shape(label: label, area: .rings(others + rings))
          continue
        }
        places[identity] = shapes.count
      }
      shapes.append(Shape(label: label, area: mark.area))
    }
    return ShapeMap(name: file.path, size: file.size, background: backgroundLabel, shapes: shapes)
  }
}
