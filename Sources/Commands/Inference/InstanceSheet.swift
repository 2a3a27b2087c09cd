import Basics

/// One page of found instances: where the truth is known, the images that came out worst and those that came out best,
/// each beside its true instances and those that were found; else images evenly spread.
struct InstanceSheet {
  let path: String
  let count: Int

  /// The images that are shown, in the page's order.
  ///
  /// - Parameters:
  ///   - images: those that could be read.
  ///   - qualities: of each image whose truth is known.
  func images(of images: [Int], qualities: [Int: Double]) -> [Int] {
    let count = min(self.count, images.count)
    guard count > 0 else { return [] }
    guard !qualities.isEmpty else { return (0..<count).map { images[$0 * images.count / count] } }
    let ranked = images.sorted { (qualities[$0] ?? 0, $0) < (qualities[$1] ?? 0, $1) }
    return Array(ranked.prefix((count + 1) / 2) + ranked.suffix(count / 2))
  }
}
