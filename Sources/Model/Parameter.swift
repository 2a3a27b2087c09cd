import Basics
import Kernels

/// A weight or bias tensor and its place in the arenas.
package struct Parameter {
  /// Weights or bias: of other learning rates and weight decay. A frozen normalisation has neither.
  package enum Kind: Sendable {
    case weight
    case bias
    case normalization
  }

  /// As in files: "conv1_1/weight".
  package let name: String
  package let layer: String
  package let kind: Kind
  /// As in files (FORMATS.md section 1).
  package let canonicalShape: [Int]
  /// Floats in the arenas of masters, gradients and optimizer state; starts at a multiple of 16.
  package let range: Range<Int>
  /// False for a fixed upsampling kernel and a frozen normalisation, whose gradient stays zero.
  package let isUpdated: Bool
  /// False also for a layer that this run leaves as it is: its gradient is zero, and the optimizer passes it over.
  package let isTrained: Bool
  /// nil: canonical.
  package let layout: (any WeightLayout)?
  /// Whether the compute copies are the weights times another parameter.
  package let isFolded: Bool
  /// Bytes in the arena of compute copies; starts at a multiple of 64.
  package let preparedRange: Range<Int>

  package var canonicalCount: Int { canonicalShape.reduce(1, *) }

  /// Brings values as they are in files into the arena's layout.
  ///
  /// - Throws: `Failure` when there are too many or too few.
  package func importCanonical(_ values: [Float], into arena: UnsafeMutablePointer<Float>) throws {
    guard values.count == canonicalCount else {
      throw Failure(.badData, "\(name) has \(values.count) values, expected \(canonicalCount)")
    }
    values.withUnsafeBufferPointer { if let base = $0.baseAddress { importCanonical(base, into: arena) } }
  }

  /// - Parameter values: `canonicalCount` floats.
  package func importCanonical(_ values: UnsafePointer<Float>, into arena: UnsafeMutablePointer<Float>) {
    if let layout {
      layout.importCanonical(values, into: arena + range.lowerBound)
    } else {
      (arena + range.lowerBound).update(from: values, count: canonicalCount)
    }
  }

  /// Writes the `canonicalCount` values as they are in files.
  package func exportCanonical(from arena: UnsafePointer<Float>, into values: UnsafeMutablePointer<Float>) {
    if let layout {
      layout.exportCanonical(arena + range.lowerBound, into: values)
    } else {
      values.update(from: arena + range.lowerBound, count: canonicalCount)
    }
  }

  /// The values as they are in files.
  package func exportCanonical(from arena: UnsafePointer<Float>) -> [Float] {
    [Float](unsafeUninitializedCapacity: canonicalCount) { buffer, count in
      if let base = buffer.baseAddress { exportCanonical(from: arena, into: base) }
      count = canonicalCount
    }
  }
}

/// The arenas that hold a network's parameters. Whoever makes them owns them; ranks of a machine may share them.
package struct ParameterMemory {
  /// `ParameterTable.floatCount` floats.
  package let master: UnsafeMutablePointer<Float>
  /// `ParameterTable.preparedByteCount` bytes, 64-byte aligned: what the multiplications read, made by
  /// `Network.prepare` after every change of the masters.
  package let prepared: UnsafeMutableRawPointer

  package init(master: UnsafeMutablePointer<Float>, prepared: UnsafeMutableRawPointer) {
    self.master = master
    self.prepared = prepared
  }
}
