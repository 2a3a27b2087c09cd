import Basics
import ImageFiles

/// Can images be imported and pictures be written?
enum PictureCheck {
  static func findings() -> [Finding] {
    do {
      _ = try PNG.encode(Image(width: 1, height: 1, channels: 3, pixels: [1, 2, 3]))
      return [Finding(.ok, "PNG", "can be read and written")]
    } catch {
      return [Finding(.warning, "PNG", Problem(error))]
    }
  }
}
