import Basics

/// The blobs of a .caffemodel (BVLC Caffe's caffe.proto): NetParameter's layers as of today (field 100) or of 2014
/// (field 2, V1LayerParameter).
enum CaffeFile {
  /// NetParameter: field 1 is a name, and there are layers.
  static func isNet(_ message: ProtobufMessage) -> Bool {
    var hasLayers = false
    do {
      try message.forEachField { field in
        switch (field.number, field.value) {
        case (1, .integer): throw message.file.failure("no net")
        case (2, .bytes), (100, .bytes): hasLayers = true
        default: break
        }
      }
    } catch { return false }
    return hasLayers
  }

  static func tensors(_ message: ProtobufMessage) throws -> [SourceTensor] {
    var tensors: [SourceTensor] = []
    try message.forEachField { field in
      guard case .bytes(let range) = field.value else { return }
      // LayerParameter: 1 name, 7 blobs. V1LayerParameter: 4 name, 6 blobs.
      switch field.number {
      case 100: tensors += try layer(message.message(range), name: 1, blobs: 7)
      case 2: tensors += try layer(message.message(range), name: 4, blobs: 6)
      default: break
      }
    }
    return tensors
  }

  private static func layer(_ message: ProtobufMessage, name: Int, blobs: Int) throws -> [SourceTensor] {
    var title = ""
    var places: [Range<Int>] = []
    try message.forEachField { field in
      guard case .bytes(let range) = field.value else { return }
      if field.number == name { title = try message.text(range) }
      if field.number == blobs, places.count < 64 { places.append(range) }
    }
    return try places.enumerated().map { try blob(message.message($1), named: "\(title)/\($0)") }
  }

  /// BlobProto: 1 to 4 num, channels, height, width; 5 data; 7 shape; 8 double_data.
  private static func blob(_ message: ProtobufMessage, named name: String) throws -> SourceTensor {
    var extents = [Int?](repeating: nil, count: 4)
    var shape: [Int] = []
    var places: [Range<Int>] = []
    var loose: [Float] = []
    var number = NumberType.float32
    try message.forEachField { field in
      switch (field.number, field.value) {
      case (1...4, .integer(let extent)): extents[field.number - 1] = Int(truncatingIfNeeded: extent)
      case (5, .bytes(let range)): places.append(range)
      case (5, .fixed32(let bits)): loose.append(Float(bitPattern: bits))
      case (8, .bytes(let range)):
        number = .float64
        places.append(range)
      case (7, .bytes(let range)):
        try message.message(range).forEachField { if $0.number == 1 { shape += try message.integers($0.value) } }
      default: break
      }
    }
    if shape.isEmpty { shape = extents.compactMap { $0 } }
    guard shape.count <= 16, let count = SourceTensor.count(shape) else {
      throw message.file.failure("blob '\(name)' has shape \(shape)")
    }
    let stored = places.reduce(0) { $0 + $1.count }
    guard stored == count * number.byteCount || (places.isEmpty && loose.count == count) else {
      throw message.file.failure("blob '\(name)' of shape \(shape) has \(stored) bytes")
    }
    let file = message.file
    let (values, ranges, type) = (loose, places, number)
    return SourceTensor(name, shape: shape) {
      ranges.isEmpty ? values : type.floats(try ranges.flatMap { try file.bytes($0) })
    }
  }
}
