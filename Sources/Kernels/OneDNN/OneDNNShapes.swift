import COneDNN

extension Convolution {
  func libraryShape(source: ActivationShape, isBFloat16: Bool, isInference: Bool) -> conednn_convolution {
    let destination = destination(of: source)
    var shape = conednn_convolution(source: source, destination: destination)
    shape.kernel = Int64(kernel)
    shape.stride = Int64(stride)
    shape.padding_top = Int64(padding)
    shape.padding_left = Int64(padding)
    shape.padding_bottom = Int64(padding)
    shape.padding_right = Int64(padding)
    shape.biased = hasBias ? 1 : 0
    shape.rectified = rectified ? 1 : 0
    shape.accumulating = accumulating ? 1 : 0
    shape.inference = isInference ? 1 : 0
    shape.bfloat16 = isBFloat16 ? 1 : 0
    return shape
  }
}

extension Deconvolution {
  func destination(of source: ActivationShape) -> ActivationShape {
    ActivationShape(images: source.images, height: height, width: width, channels: outputChannels)
  }

  /// The crop is the library's padding: `offset` rows and columns before, and after whatever is not kept.
  func libraryShape(source: ActivationShape, isBFloat16: Bool, isInference: Bool) -> conednn_convolution {
    var shape = conednn_convolution(source: source, destination: destination(of: source))
    shape.kernel = Int64(kernel)
    shape.stride = Int64(stride)
    shape.padding_top = Int64(offset)
    shape.padding_left = Int64(offset)
    shape.padding_bottom = Int64((source.height - 1) * stride + kernel - offset - height)
    shape.padding_right = Int64((source.width - 1) * stride + kernel - offset - width)
    shape.transposed = 1
    shape.inference = isInference ? 1 : 0
    shape.bfloat16 = isBFloat16 ? 1 : 0
    shape.float_destination = floatDestination ? 1 : 0
    return shape
  }
}

extension conednn_convolution {
  /// Whether some taps of the kernel may meet padding only. The library's bfloat16 weight gradients are then wrong
  /// (seen in 3.2.0: kernel 7, padding 3 on a 1x1 source; kernel 16, stride 8 from a 1x1 source).
  var hasUntouchedTaps: Bool {
    kernel > min(source_height, source_width) || kernel > min(destination_height, destination_width)
  }

  var hasPadding: Bool { padding_top + padding_left + padding_bottom + padding_right > 0 }

  /// The same product with its padding made real: zeros around the source, or around a transposed one's destination.
  var withoutPadding: conednn_convolution {
    var shape = self
    let (height, width) = (padding_top + padding_bottom, padding_left + padding_right)
    if transposed != 0 {
      shape.destination_height += height
      shape.destination_width += width
    } else {
      shape.source_height += height
      shape.source_width += width
    }
    (shape.padding_top, shape.padding_left, shape.padding_bottom, shape.padding_right) = (0, 0, 0, 0)
    return shape
  }

  /// From the padded side's shape to the one in `withoutPadding`.
  func frame(threads: Int) -> OneDNNFrame {
    let (inner, outer) =
      transposed != 0 ? (destination, withoutPadding.destination) : (source, withoutPadding.source)
    return OneDNNFrame(
      inner: inner, outer: outer, top: Int(padding_top), left: Int(padding_left), elementSize: bfloat16 != 0 ? 2 : 4,
      threads: threads)
  }

  var source: ActivationShape {
    ActivationShape(
      images: Int(images), height: Int(source_height), width: Int(source_width), channels: Int(source_channels))
  }
  var destination: ActivationShape {
    ActivationShape(
      images: Int(images), height: Int(destination_height), width: Int(destination_width),
      channels: Int(destination_channels))
  }

  fileprivate init(source: ActivationShape, destination: ActivationShape) {
    self.init()
    images = Int64(source.images)
    source_height = Int64(source.height)
    source_width = Int64(source.width)
    source_channels = Int64(source.channels)
    destination_height = Int64(destination.height)
    destination_width = Int64(destination.width)
    destination_channels = Int64(destination.channels)
  }
}
