import Basics
import CHDF5

// HDF5 Image and Palette Specification, version 1.2: what makes viewers show a dataset as a picture.
extension HDF5Dataset {
  /// Marks this `[256, 3]` uint8 dataset as a colour table.
  package func markAsPalette() throws {
    try setASCIIAttribute("CLASS", "PALETTE")
    try setASCIIAttribute("PAL_VERSION", "1.2")
    try setASCIIAttribute("PAL_COLORMODEL", "RGB")
    try setASCIIAttribute("PAL_TYPE", "STANDARD8")
  }

  /// Marks this `[height, width, 3]` dataset as a picture in red, green and blue.
  package func markAsTrueColorImage() throws {
    try setASCIIAttribute("CLASS", "IMAGE")
    try setASCIIAttribute("IMAGE_VERSION", "1.2")
    try setASCIIAttribute("IMAGE_SUBCLASS", "IMAGE_TRUECOLOR")
    try setASCIIAttribute("INTERLACE_MODE", "INTERLACE_PIXEL")
  }

  /// Marks this `[height, width]` dataset as a picture whose values are rows of `palette`, a dataset of the same file.
  package func markAsIndexedImage(palette: HDF5Dataset) throws {
    try setASCIIAttribute("CLASS", "IMAGE")
    try setASCIIAttribute("IMAGE_VERSION", "1.2")
    try setASCIIAttribute("IMAGE_SUBCLASS", "IMAGE_INDEXED")
    try use { image in
      try session.use { file in
        try HDF5Library.check(
          chdf5_attribute_write_reference(image, "PALETTE", file, palette.path), .inputOutput,
          "cannot write \(name)@PALETTE")
      }
    }
  }
}
