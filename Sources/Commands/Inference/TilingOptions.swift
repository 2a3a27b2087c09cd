import ArgumentParser
import Training

/// How large images are cut into tiles.
struct TilingOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Cut larger images into tiles of this many pixels a side, so that any image fits into memory.",
      valueName: "pixels"))
  var tile: Int?
  @Option(
    help: ArgumentHelp(
      "Pixels that neighbouring tiles share, in which one fades into the other. Default: a quarter of --tile.",
      valueName: "pixels"))
  var overlap: Int?

  func validate() throws {
    if let tile {
      guard (32...16_384).contains(tile) else {
        throw ValidationError("--tile must be in 32 … 16384, found \(tile)")
      }
      guard (0...tile / 2).contains(overlap ?? 0) else {
        throw ValidationError("--overlap must be in 0 … \(tile / 2), half of --tile, found \(overlap ?? 0)")
      }
    } else if overlap != nil {
      throw ValidationError("--overlap goes with --tile")
    }
  }

  /// - Throws: where images are to be augmented too.
  func check(_ augmentation: AugmentationOptions) throws {
    guard tile != nil, let given = augmentation.given else { return }
    throw ValidationError("\(given) goes without --tile: whole images are scaled and mirrored")
  }

  /// nil: images go through the network whole.
  var tiling: Tiling? { tile.map { Tiling(side: $0, overlap: overlap ?? $0 / 4) } }
}
