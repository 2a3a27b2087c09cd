import Basics
import Foundation
import TestSupport
import Testing
import Weights

@Suite(.enabled(if: Python.hasH5py, "needs python3 with NumPy and h5py"))
struct WeightImportTests {
  let folder: TemporaryFolder

  init() { folder = TemporaryFolder() }

  private func file(_ format: String, _ arguments: String = "", name: String = "weights.bin") throws -> WeightFile {
    let path = "\(folder.path)/\(name)"
    try ForeignWriter.write(format, to: path, arguments)
    return try WeightFile(path)
  }

  /// Every parameter has the values of its number and place, whatever way it came.
  private func check(
    _ found: WeightImport, layers: Int = 16, tolerance: Float = 0, sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    #expect(found.tensors.count == 2 * layers, sourceLocation: sourceLocation)
    for (number, layer) in ForeignWriter.layers.prefix(layers).enumerated() {
      for (place, (kind, shape)) in [("weight", layer.shape), ("bias", [layer.shape[0]])].enumerated() {
        let tensor = try #require(found.tensors.first { $0.name == "\(layer.name)/\(kind)" })
        #expect(tensor.shape == shape, "\(tensor.name)", sourceLocation: sourceLocation)
        let expected = (0..<shape.reduce(1, *)).map { ForeignWriter.value(2 * number + place, $0) }
        let values = try tensor.values()
        let worst = zip(values, expected).map { abs($0 - $1) }.max() ?? .infinity
        #expect(
          values.count == expected.count && worst <= tolerance, "\(tensor.name): \(worst)",
          sourceLocation: sourceLocation)
      }
    }
  }

  struct Source: CustomTestStringConvertible, Sendable {
    let writer: String
    var arguments = ""
    let format: WeightFile.Format
    var layers = 16
    let channels: WeightImport.Channels
    var tolerance: Float = 0
    /// Of red; nil: not known.
    var mean: Float?
    var testDescription: String { "\(writer)(\(arguments))" }
  }

  @Test(arguments: [
    Source(writer: "pth", format: .pyTorch, channels: .rgb, mean: 123.675),
    Source(writer: "pth", arguments: "True", format: .pyTorch, channels: .rgb, tolerance: 3e-4, mean: 123.675),
    Source(
      writer: "pth", arguments: "False, 'module.', ('features.2.weight', 'classifier.0.weight')", format: .pyTorch,
      channels: .rgb, mean: 123.675),
    Source(writer: "old_pth", format: .pyTorch, channels: .rgb, mean: 123.675),
    Source(writer: "safetensors", format: .safetensors, channels: .rgb, mean: 123.675),
    Source(writer: "safetensors", arguments: "True", format: .safetensors, channels: .bgr, mean: 123.68),
    Source(writer: "onnx", format: .onnx, channels: .rgb, mean: 123.675),
    Source(writer: "caffemodel", format: .caffe, channels: .bgr, mean: 123.68),
    Source(writer: "caffemodel", arguments: "True", format: .caffe, channels: .bgr, mean: 123.68),
    Source(writer: "keras_h5", format: .keras, channels: .bgr, mean: 123.68),
    Source(writer: "keras3_weights", format: .keras, channels: .bgr, mean: 123.68),
    Source(writer: "keras3_weights", arguments: "True", format: .keras, layers: 13, channels: .bgr, mean: 123.68),
    Source(writer: "keras_archive", format: .keras, channels: .bgr, mean: 123.68),
    Source(writer: "hdf5", format: .hdf5, channels: .rgb),
    Source(writer: "hdf5", arguments: "True", format: .hdf5, channels: .rgb),
    // Of a matrix of 14 x 14 only the other layers say which way it stands.
    Source(writer: "hdf5", arguments: "True, True", format: .hdf5, channels: .rgb),
  ])
  func everyFormatGivesTheSameParameters(source: Source) throws {
    let file = try file(source.writer, source.arguments)
    #expect(file.format == source.format)
    let found = try WeightImport(file)
    #expect(found.channels == source.channels)
    #expect(found.normalisation?.mean.first == source.mean)
    try check(found, layers: source.layers, tolerance: source.tolerance)
  }

  /// Names that say nothing: the graph's order, and channels that only the user knows.
  @Test func aGraphIsReadInItsOrder() throws {
    let file = try file("onnx", "False")
    #expect(try WeightImport(file).channels == .rgb)
    try check(try WeightImport(file, channels: .bgr), layers: 13)
  }

  @Test func nothingIsExecuted() throws {
    let path = "\(folder.path)/evil.pth"
    try ForeignWriter.write("evil_pth", to: path)
    let failure = #expect(throws: Failure.self) { try WeightFile(path) }
    #expect(failure?.message.contains("wants to call posix.system") == true, "\(failure?.message ?? "")")
    #expect(!FileManager.default.fileExists(atPath: "\(path).executed"))
  }

  @Test func aNumberThatIsNoneIsNamed() throws {
    let found = try WeightImport(try file("safetensors", "False, 'features.5.weight'"))
    let tensor = try #require(found.tensors.first { $0.name == "conv2_1/weight" })
    let failure = #expect(throws: Failure.self) { try tensor.values() }
    #expect(failure?.message.contains("weights.bin: value 7 of tensor 'features.5.weight' is nan") == true)
  }

  @Test func aLayerIsTakenWholeOrNotAtAll() throws {
    let found = try WeightImport(try file("safetensors", "False, None, {'features.7.bias': 'something'}"))
    #expect(found.tensors.count == 30 && !found.tensors.contains { $0.name.hasPrefix("conv2_2") })
    #expect(found.rows.contains { $0.source == "features.7.weight" && $0.note == "conv2_2 has no bias" })
    #expect(found.rows.contains { $0.source == "something" && $0.target == nil })
    let names = ["something": "conv2_2/bias"]
    try check(try WeightImport(try file("safetensors", "False, None, {'features.7.bias': 'something'}"), map: names))
  }

  /// Four classes and kernels of 4 x 4: the extents say nothing, and the other kernels of the file do.
  @Test(arguments: [false, true]) func kernelsOfEqualExtentsFollowTheOthers(isTurned: Bool) throws {
    let path = "\(folder.path)/square.safetensors"
    try Python.run(
      """
      import sys, json, struct, numpy as np
      tensors = {'conv1_1.weight': np.zeros((5, 3, 3, 3)), 'conv1_1.bias': np.zeros(5),
                 'upscore2.weight': np.arange(256.).reshape(4, 4, 4, 4)}
      if sys.argv[2] == 'True':
          tensors = {k: v.transpose(2, 3, 1, 0) if v.ndim == 4 else v for k, v in tensors.items()}
      header, data = {}, b''
      for name, value in tensors.items():
          bytes = np.ascontiguousarray(value, '<f4').tobytes()
          header[name] = dict(dtype='F32', shape=value.shape, data_offsets=[len(data), len(data) + len(bytes)])
          data += bytes
      text = json.dumps(header).encode()
      open(sys.argv[1], 'wb').write(struct.pack('<Q', len(text)) + text + data)
      """, path, isTurned ? "True" : "False")
    let found = try WeightImport(try WeightFile(path))
    let kernel = try #require(found.tensors.first { $0.name == "upscore2/weight" })
    #expect(try kernel.values() == (0..<256).map { Float($0) })
  }

  @Test func wrongMapsAreNamed() throws {
    let file = try file("safetensors")
    for (map, words) in [
      (["nothing": "conv1_1/weight"], "no such tensor"),
      (["features.0.weight": "conv9/weight"], "no parameter of an FCN"),
    ] {
      let failure = #expect(throws: Failure.self) { try WeightImport(file, map: map) }
      #expect(failure?.message.contains(words) == true, "\(failure?.message ?? "")")
    }
  }

  @Test func otherNetsAreRefused() throws {
    let rename = "{k: 'layer1.' + k.replace('features', 'body') for k in torchvision_state()}"
    let file = try file("safetensors", "False, None, \(rename)")
    let failure = #expect(throws: Failure.self) { try WeightImport(file) }
    #expect(failure?.message.contains("no convolution of VGG16") == true && failure?.remedy?.contains("--map") == true)
    let normalised = try self.file("safetensors", "False, None, {'features.0.bias': 'features.1.running_mean'}")
    let other = #expect(throws: Failure.self) { try WeightImport(normalised) }
    #expect(other?.message.contains("batch normalisation") == true)
  }

  @Test func otherFilesAreRefused() throws {
    for (name, bytes) in [
      ("empty", []), ("text", Array("hello, this is a text of some length".utf8)),
      ("zip", [0x50, 0x4B, 3, 4] + [UInt8](repeating: 0, count: 100)),
      ("png", [0x89, 0x50, 0x4E, 0x47, 13, 10, 26, 10]),
    ] as [(String, [UInt8])] {
      let path = "\(folder.path)/\(name)"
      try Data(bytes).write(to: URL(fileURLWithPath: path))
      let failure = #expect(throws: Failure.self) { try WeightFile(path) }
      #expect(failure?.kind == .badData && failure?.message.hasPrefix(path) == true, "\(failure?.message ?? "")")
    }
    #expect(throws: Failure.self) { try WeightFile(folder.path) }
    #expect(throws: Failure.self) { try WeightFile("\(folder.path)/missing") }
  }

  /// Each file cut off, and with bytes changed: an error or other numbers, never a crash, and no memory that was only
  /// claimed.
  @Test(arguments: ["pth", "old_pth", "safetensors", "onnx", "caffemodel"])
  func damagedFilesNeverTrap(writer: String) throws {
    let path = "\(folder.path)/whole"
    try ForeignWriter.write(writer, to: path)
    let whole = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    var generator = Philox(seed: 77, purpose: .test, stream: UInt64(writer.count))
    let damaged = "\(folder.path)/damaged"
    for round in 0..<300 {
      var bytes = whole
      if round % 3 == 0 {
        bytes.removeLast(Int(generator.next(in: 0...1) * Float(bytes.count - 1)))
      } else {
        // The tables of a file are at its head, and a ZIP archive's at its end.
        for _ in 0..<(1 + round % 7) {
          let span = Float(min(bytes.count, 4000))
          let place = Int(generator.next(in: 0...1) * (span - 1))
          bytes[round % 2 == 0 ? place : bytes.count - 1 - place] = UInt8(generator.next(in: 0...255.9))
        }
      }
      try Data(bytes).write(to: URL(fileURLWithPath: damaged))
      do {
        for tensor in try WeightImport(try WeightFile(damaged)).tensors { _ = try tensor.values() }
      } catch let failure as Failure {
        #expect(!failure.message.isEmpty)
      }
    }
  }
}
