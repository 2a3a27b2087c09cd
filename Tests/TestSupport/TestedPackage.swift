import Foundation

/// The package that the tests belong to.
package enum TestedPackage {
  /// The package's root folder.
  package static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().path

  package struct NotBuilt: Error, CustomStringConvertible { package let description: String }

  /// The full path of a program of this package, beside the test bundle where the build puts it.
  package static func program(_ name: String) throws -> String {
    let bundle = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    let besides = ([bundle] + CommandLine.arguments.prefix(1)).map {
      URL(fileURLWithPath: $0).deletingLastPathComponent().path
    }
    let folders = besides + ["\(folder)/.build/release", "\(folder)/.build/debug"]
    let paths = folders.map { "\($0)/\(name)" }
    guard let path = paths.first(where: { FileManager.default.isExecutableFile(atPath: $0) }) else {
      throw NotBuilt(description: "\(name) is in none of \(folders); build it first")
    }
    return path
  }
}
