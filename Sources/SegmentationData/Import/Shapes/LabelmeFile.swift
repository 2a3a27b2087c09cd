import Basics
import Foundation

/// One image's annotations as labelme writes them, a JSON file beside the picture.
struct LabelmeFile {
  /// What a shape of labelme is and where it lies.
  struct Mark {
    let name: String
    let area: Shape.Area
    /// Marks of one group are one thing, as the two rings of a hole.
    let group: Int?
  }

  let path: String
  /// The picture, beside the file.
  let image: String
  let size: (height: Int, width: Int)?
  let marks: [Mark]

  /// - Throws: `Failure` that names the file: no such JSON, a shape that is no area, a picture that is not there.
  init(path: String) throws {
    let content = try AnnotationFile.decode(Content.self, path)
    self.path = path
    let name = content.imagePath.replacing("\\", with: "/")
    let folder = FileBytes.folder(of: path)
    let nearby = name.split(separator: "/").last.map { "\(folder)/\($0)" } ?? folder
    let full = name.hasPrefix("/") ? name : "\(folder)/\(name)"
    guard let image = [full, nearby].first(where: SourceFolder.exists) else {
      throw Failure(
        .missingInput, "\(path): its picture \(content.imagePath.debugDescription) is not there",
        remedy: "put it beside the JSON file")
    }
    self.image = image
    if let height = content.imageHeight, let width = content.imageWidth {
      size = (height, width)
    } else {
      size = nil
    }
    marks = try content.shapes.enumerated().map { try Self.mark($1, "\(path): shape \($0)") }
  }

  private struct Content: Decodable {
    let imagePath: String
    let imageHeight: Int?
    let imageWidth: Int?
    let shapes: [MarkContent]
  }

  private struct MarkContent: Decodable {
    let label: String
    let points: [[Double]]
    let shape_type: String?
    let group_id: Int?
  }

  private static func mark(_ content: MarkContent, _ place: String) throws -> Mark {
    let points = try content.points.map { numbers in
      guard numbers.count == 2 else { throw Failure(.badData, "\(place): a point has \(numbers.count) numbers") }
      return ShapePoint(x: numbers[0], y: numbers[1])
    }
    let name = content.label.trimmingCharacters(in: .whitespaces)
    guard !name.isEmpty else { throw Failure(.badData, "\(place) has no label") }
    return Mark(
      name: name, area: try area(content.shape_type ?? "polygon", points, place), group: content.group_id)
  }

  private static func area(_ type: String, _ points: [ShapePoint], _ place: String) throws -> Shape.Area {
    switch (type, points.count) {
    case ("polygon", 3...): return .rings([points])
    case ("rectangle", 2):
      let (first, last) = (points[0], points[1])
      return .rings([
        [first, ShapePoint(x: last.x, y: first.y), last, ShapePoint(x: first.x, y: last.y)]
      ])
    case ("rectangle", 4): return .rings([points])
    case ("circle", 2):
      let (dx, dy) = (points[1].x - points[0].x, points[1].y - points[0].y)
      return .ellipse(centre: points[0], radius: (dx * dx + dy * dy).squareRoot())
    default:
      throw Failure(
        .badData, "\(place) is a \(type) of \(points.count) points, which is no area",
        remedy: "polygons, rectangles and circles can be classes: change it in labelme, or remove it")
    }
  }
}

/// JSON files of annotations.
enum AnnotationFile {
  /// - Throws: `Failure(.badData)` that names the file, and the place in it where that is known.
  static func decode<Content: Decodable>(_: Content.Type, _ path: String) throws -> Content {
    var bytes = try FileBytes.read(path)
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { bytes.removeFirst(3) }
    do { return try JSONDecoder().decode(Content.self, from: Data(bytes)) } catch let error as DecodingError {
      throw Failure(.badData, "\(path) is not such an annotation file: \(text(error))")
    } catch {
      throw Failure(.badData, "\(path) is not JSON")
    }
  }

  private static func text(_ error: DecodingError) -> String {
    switch error {
    case .keyNotFound(let key, let context): "\(place(context)) has no '\(key.stringValue)'"
    case .typeMismatch(_, let context), .valueNotFound(_, let context): "\(place(context)) is of another type"
    case .dataCorrupted(let context): context.codingPath.isEmpty ? "it is not JSON" : "\(place(context)) is damaged"
    @unknown default: "it cannot be read"
    }
  }

  private static func place(_ context: DecodingError.Context) -> String {
    let path = context.codingPath.map { key in key.intValue.map { "[\($0)]" } ?? ".\(key.stringValue)" }.joined()
    return path.isEmpty ? "the file" : String(path.drop { $0 == "." })
  }
}
