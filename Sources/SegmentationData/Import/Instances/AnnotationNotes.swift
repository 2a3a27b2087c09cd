import Basics

/// What was done to annotations that are not quite as they should be, counted by several threads.
final class AnnotationNotes: Sendable {
  enum Event: Int, CaseIterable {
    case clippedBox, emptyBox, thinOutline, thinRing, noPixel, otherBox, scattered, oneNumber

    func line(_ count: Int, first: String) -> String {
      let (one, many) = texts
      return (count == 1 ? "1 annotation \(one)" : "\(count) annotations \(many)") + " (the first: \(first))"
    }

    private var texts: (String, String) {
      switch self {
      case .clippedBox:
        ("whose box reaches beyond its image: cut there", "whose boxes reach beyond their images: cut there")
      case .emptyBox: ("whose box has no width or height: left out", "whose boxes have no width or height: left out")
      case .thinOutline:
        ("without a polygon of three corners: left out", "without a polygon of three corners: left out")
      case .thinRing:
        ("with a polygon of two corners: taken without it", "with a polygon of two corners: taken without it")
      case .noPixel:
        (
          "whose outline covers no pixel: kept, with an empty mask",
          "whose outlines cover no pixel: kept, with empty masks"
        )
      case .otherBox:
        (
          "whose box does not surround its mask: warning, is bbox x, y, width, height?",
          "whose boxes do not surround their masks: warning, is bbox x, y, width, height?"
        )
      case .scattered:
        (
          "whose pixels lie scattered: warning, is its mask a photograph, or did it go through JPEG or scaling?",
          "whose pixels lie scattered: warning, are the masks photographs, or did they go through JPEG or scaling?"
        )
      case .oneNumber:
        (
          "with the number 255, alone in its mask: warning, does the mask tell one thing from another?",
          "with the number 255, alone in their masks: warning, do the masks tell one thing from another?"
        )
      }
    }
  }

  private let found = Monitor<[Event: (count: Int, place: Int, name: String)]>([:])

  /// - Parameters:
  ///   - place: of the image in the split: the first one is named.
  ///   - name: what people call the annotation.
  func add(_ event: Event, place: Int, _ name: @autoclosure () -> String) {
    found.withLock { found in
      let old = found[event] ?? (count: 0, place: .max, name: "")
      found[event] = (old.count + 1, min(place, old.place), place < old.place ? name() : old.name)
    }
  }

  /// One for each kind.
  var lines: [String] {
    found.withLock { found in
      Event.allCases.compactMap { event in found[event].map { event.line($0.count, first: $0.name) } }
    }
  }
}
