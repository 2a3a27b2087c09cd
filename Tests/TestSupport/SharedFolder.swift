import Foundation

/// Real data and golden cases in ../shared, beside the package where it is developed; nil where they are not there. Tests
/// that need them are skipped then.
package enum SharedFolder {
  package static let camvid = path("data/camvid")
  package static let voc = path("data/voc2012-100")
  package static let pennFudan = path("data/pennfudan")
  package static let golden = path("golden")

  private static func path(_ name: String) -> String? {
    let path = URL(fileURLWithPath: "\(TestedPackage.folder)/../shared/\(name)").standardized.path
    return FileManager.default.fileExists(atPath: path) ? path : nil
  }
}
