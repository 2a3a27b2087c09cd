import Foundation

/// Which level of the feature pyramid a region is taken from (Lin et al. 2017, equation 1, as torchvision rounds it).
package enum PyramidLevel {
  /// - Returns: 2 ... 5; a square of 224 pixels belongs to level 4.
  package static func level(of box: Box) -> Int {
    let ratio = box.area.squareRoot() / 224
    let level = (4 + Float(log2(Double(ratio))) + 1e-6).rounded(.down)
    return level >= 5 ? 5 : level >= 2 ? Int(level) : 2
  }
}
