import Basics

/// The initialisers of an ONNX model (onnx.proto3, IR version 3 to 10), and which of them are a convolution's, in the
/// order of the graph.
struct ONNXFile {
  let tensors: [SourceTensor]
  /// For each Conv node the names of its weight and its bias.
  let convolutions: [(weight: String, bias: String?)]

  /// ModelProto's fields 1 (ir_version) and 7 (graph) are there.
  static func isModel(_ message: ProtobufMessage) -> Bool {
    var hasVersion = false
    var hasGraph = false
    do {
      try message.forEachField { field in
        switch (field.number, field.value) {
        case (1, .integer(let version)): hasVersion = (1...100).contains(version)
        case (7, .bytes): hasGraph = true
        default: break
        }
      }
    } catch { return false }
    return hasVersion && hasGraph
  }

  init(_ message: ProtobufMessage) throws {
    var tensors: [SourceTensor] = []
    var convolutions: [(weight: String, bias: String?)] = []
    try message.forEachField { field in
      guard field.number == 7, case .bytes(let graph) = field.value else { return }
      try message.message(graph).forEachField { part in
        guard case .bytes(let range) = part.value else { return }
        switch part.number {
        case 1: if let inputs = try Self.convolution(message.message(range)) { convolutions.append(inputs) }
        case 5: if let tensor = try Self.tensor(message.message(range)) { tensors.append(tensor) }
        default: break
        }
      }
    }
    self.tensors = tensors
    self.convolutions = convolutions
  }

  /// NodeProto: 1 input, 4 op_type.
  private static func convolution(_ node: ProtobufMessage) throws -> (weight: String, bias: String?)? {
    var inputs: [String] = []
    var type = ""
    try node.forEachField { field in
      guard case .bytes(let range) = field.value else { return }
      if field.number == 1, inputs.count < 64 { inputs.append(try node.text(range)) }
      if field.number == 4 { type = try node.text(range) }
    }
    guard type == "Conv", inputs.count >= 2 else { return nil }
    return (inputs[1], inputs.count > 2 ? inputs[2] : nil)
  }

  /// TensorProto: 1 dims, 2 data_type, 4 float_data, 8 name, 9 raw_data, 10 double_data, 13 external_data, 14
  /// data_location.
  private static func tensor(_ message: ProtobufMessage) throws -> SourceTensor? {
    var shape: [Int] = []
    var type = 0
    var name = ""
    var raw: Range<Int>?
    var floats: [Range<Int>] = []
    var loose: [Float] = []
    var isExternal = false
    try message.forEachField { field in
      switch (field.number, field.value) {
      case (1, _):
        shape += try message.integers(field.value)
        guard shape.count <= 16 else { throw message.file.failure("a tensor has more than 16 axes") }
      case (2, .integer(let number)): type = Int(truncatingIfNeeded: number)
      case (4, .bytes(let range)), (10, .bytes(let range)): floats.append(range)
      case (4, .fixed32(let bits)): loose.append(Float(bitPattern: bits))
      case (8, .bytes(let range)): name = try message.text(range)
      case (9, .bytes(let range)): raw = range
      case (14, .integer(1)): isExternal = true
      default: break
      }
    }
    let types: [Int: NumberType] = [1: .float32, 10: .float16, 11: .float64, 16: .bfloat16]
    guard let number = types[type] else { return nil }
    guard !isExternal else {
      throw Failure(
        .badData, "\(message.file.path): the values of '\(name)' are in another file",
        remedy: "save the model with its weights inside: onnx.save(model, …, save_as_external_data=False)")
    }
    guard let count = SourceTensor.count(shape) else { throw message.file.failure("'\(name)' has shape \(shape)") }
    let places = raw.map { [$0] } ?? floats
    let (file, values) = (message.file, loose)
    if places.isEmpty && loose.count == count { return SourceTensor(name, shape: shape) { values } }
    guard places.reduce(0, { $0 + $1.count }) == count * number.byteCount else {
      throw message.file.failure("'\(name)' of shape \(shape) has \(places.reduce(0) { $0 + $1.count }) bytes")
    }
    return SourceTensor(name, shape: shape) { number.floats(try places.flatMap { try file.bytes($0) }) }
  }
}
