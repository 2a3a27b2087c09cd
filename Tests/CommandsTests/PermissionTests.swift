import Foundation
import TestSupport
import Testing

/// What fcn-dist writes belongs to whom the user's umask says: colleagues read it, or nobody does.
@Suite struct PermissionTests {
  private static let work = """
    umask "$1" && shift
    set -e
    "$@" dataset synthesize --output data --train 3 --val 2 --height 48 --width 64
    "$@" train --config "$SMOKE" --data data --output run --set train.steps=2
    "$@" predict --checkpoint run/checkpoints/latest.h5 --data data --overlay --sheet s.png --logits l.h5 --output p
    "$@" evaluate --checkpoint run/checkpoints/latest.h5 --data data --json e.json
    "$@" checkpoint export run/checkpoints/latest.h5 parameters.h5
    """

  @Test(arguments: [("027", 0o640, 0o750), ("077", 0o600, 0o700), ("002", 0o664, 0o775)])
  func filesAreCreatedWithTheUmask(mask: String, file: Int, folder: Int) throws {
    let scratch = TemporaryFolder()
    var environment = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("FCN_DIST_") }
    environment["OMP_NUM_THREADS"] = "1"
    environment["SMOKE"] = TestedPackage.folder + "/configs/smoke.yaml"
    let outcome = try Subprocess.run(
      ["/bin/sh", "-c", Self.work, "sh", mask, try TestedPackage.program("fcn-dist")], environment: environment,
      folder: scratch.path)
    #expect(outcome.exitCode == 0, "\(outcome)")
    let paths = try FileManager.default.subpathsOfDirectory(atPath: scratch.path)
    #expect(paths.count > 20)
    for path in paths {
      let attributes = try FileManager.default.attributesOfItem(atPath: "\(scratch.path)/\(path)")
      // A link has no permissions of its own.
      guard attributes[.type] as? FileAttributeType != .typeSymbolicLink else { continue }
      let expected = attributes[.type] as? FileAttributeType == .typeDirectory ? folder : file
      #expect(attributes[.posixPermissions] as? Int == expected, "\(path)")
    }
  }
}
