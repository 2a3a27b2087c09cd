/// What was done to a file's pixels to make them the picture that every viewer shows.
package struct ImageFacts: Equatable, Sendable {
  /// It was turned or mirrored as its EXIF orientation says.
  package var isTurned = false
  /// Its four colours were converted to red, green and blue.
  package var isFromCMYK = false
  /// The file has further pages, which were left out.
  package var hasMorePages = false
  /// What the library warned of, where every viewer shows the picture all the same.
  package var warning: String?

  package init() {}
}
