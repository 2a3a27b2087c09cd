import Basics
import Foundation

/// A weight file of another tool: its tensors as they are called there. The format is recognised by the content.
package struct WeightFile: Sendable {
  /// The formats that are read; the raw values are for people.
  package enum Format: String, Sendable {
    case pyTorch = "PyTorch", safetensors, onnx = "ONNX", keras = "Keras", caffe = "Caffe", hdf5 = "HDF5"
  }

  package let path: String
  package let format: Format
  package let tensors: [SourceTensor]
  /// Names of the weight and the bias of each convolution in the order of the graph, where the file has a graph.
  let convolutions: [(weight: String, bias: String?)]
  /// What the file says of itself: `channels`, `mean` and `std` of one that fcn-dist wrote.
  let facts: [String: String]
  /// Kept until the tensors have been read: the unpacked part of an archive.
  private let unpacked: UnpackedFile?

  /// - Throws: `Failure`: `.missingInput` where there is no such file, `.badData` where it is damaged or of a format that
  ///   is not known.
  package init(_ path: String) throws {
    self.path = path
    let file = try ByteFile(path)
    let head = try file.prefix(from: 0, most: 64)
    var convolutions: [(weight: String, bias: String?)] = []
    var unpacked: UnpackedFile?
    var facts: [String: String] = [:]
    if head.starts(with: ZipArchive.magic) {
      let archive = try ZipArchive(file)
      if archive.entries.keys.contains(where: { $0 == "model.weights.h5" }) {
        let part = try UnpackedFile(archive, "model.weights.h5")
        unpacked = part
        (format, tensors) = (.keras, try HDF5Weights(part.path).tensors)
      } else {
        (format, tensors) = (.pyTorch, try PyTorchFile.tensors(archive))
      }
    } else if head.starts(with: [0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A, 0x1A, 0x0A]) {
      let content = try HDF5Weights(path)
      (format, tensors) = (content.isKeras ? .keras : .hdf5, content.tensors)
    } else if head.starts(with: PyTorchFile.legacyMagic) {
      (format, tensors) = (.pyTorch, try PyTorchFile.legacyTensors(file))
    } else if let length = SafetensorsFile.headerLength(head, count: file.count) {
      let content = try SafetensorsFile.read(file, headerLength: length)
      (format, tensors, facts) = (.safetensors, content.tensors, content.facts)
    } else {
      let message = ProtobufMessage(file: file, range: 0..<file.count)
      if ONNXFile.isModel(message) {
        let model = try ONNXFile(message)
        (format, tensors, convolutions) = (.onnx, model.tensors, model.convolutions)
      } else if CaffeFile.isNet(message) {
        (format, tensors) = (.caffe, try CaffeFile.tensors(message))
      } else {
        throw Failure(
          .badData, "\(path) is no weight file that is known",
          remedy: "PyTorch (.pth), safetensors, ONNX, Keras (.h5, .keras), Caffe (.caffemodel) and HDF5 are read")
      }
    }
    self.convolutions = convolutions
    self.facts = facts
    self.unpacked = unpacked
    // HDF5 may compress, and checks its sizes itself. A number takes two bytes or more elsewhere.
    guard format != .keras && format != .hdf5 else { return }
    for tensor in tensors {
      guard let count = SourceTensor.count(tensor.shape), count <= file.count / 2 else {
        throw file.failure("tensor '\(tensor.name)' claims the shape \(tensor.shape), more than the file can hold")
      }
    }
  }
}

/// A stored entry of an archive in a temporary file of its own, removed with its owner.
private final class UnpackedFile: Sendable {
  let path: String

  init(_ archive: ZipArchive, _ name: String) throws {
    path = FileManager.default.temporaryDirectory.path + "/fcn-dist-\(getpid())-\(UInt64.random(in: .min ... .max)).h5"
    let range = try archive.range(of: name)
    guard FileManager.default.createFile(atPath: path, contents: nil), let handle = FileHandle(forWritingAtPath: path)
    else { throw Failure(.cannotCreate, "cannot create \(path)") }
    defer { try? handle.close() }
    for start in stride(from: range.lowerBound, to: range.upperBound, by: 1 << 24) {
      try handle.write(contentsOf: archive.file.bytes(start..<min(range.upperBound, start + 1 << 24)))
    }
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }
}
