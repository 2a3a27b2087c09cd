/// The independent reader and writer of the tests. Those that need it are skipped, visibly, where it is missing.
package enum Python {
  package struct Problem: Error, CustomStringConvertible { package let description: String }

  package static let isAvailable = has("sys")
  package static let hasH5py = has("h5py, numpy")
  package static let hasONNXRuntime = has("onnx, onnxruntime, h5py, numpy")
  package static let hasTorchvision = has("torch, torchvision, safetensors.torch, h5py, PIL, numpy")
  package static let hasDetectors = has("torch, torchvision, h5py, PIL, numpy")
  package static let hasPillow = has("PIL, numpy")

  package static let hasSciPy = has("scipy.ndimage, numpy")

  package static let hasTifffile = has("tifffile, numpy")

  private static func has(_ modules: String) -> Bool { (try? run("import \(modules)")) != nil }

  /// What a script prints; a script that fails, as by an assertion, is a problem that says all that it said.
  @discardableResult
  package static func run(_ script: String, _ arguments: String...) throws -> String {
    let outcome = try Subprocess.run(["python3", "-c", script] + arguments)
    guard outcome.exitCode == 0 else { throw Problem(description: outcome.output + outcome.errors) }
    return outcome.output
  }
}
