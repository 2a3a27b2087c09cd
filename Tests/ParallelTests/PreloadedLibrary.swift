import Foundation
import TestSupport

/// A library that the tests compile and put before the C library of the processes they start.
enum PreloadedLibrary {
  /// Compiles a C source beside the program.
  ///
  /// - Returns: the library's path for `LD_PRELOAD`; nil where there is no C compiler.
  static func compile(_ name: String, _ source: String) -> String? {
    guard let program = try? TestedPackage.program("fcn-dist") else { return nil }
    let scratch = TemporaryFolder()
    let path = URL(fileURLWithPath: program).deletingLastPathComponent().path + "/\(name).so"
    let code = scratch.file("source.c")
    guard (try? source.write(toFile: code, atomically: true, encoding: .utf8)) != nil else { return nil }
    let outcome = try? MPILauncher(ranks: 0).run(
      "/usr/bin/env", ["cc", "-shared", "-fPIC", "-O1", "-o", path, code, "-ldl"])
    return withExtendedLifetime(scratch) { outcome?.exitCode == 0 ? path : nil }
  }
}
