import Basics

/// Weights as [panels of 16 output channels][taps][input channels][16], taps in row order; the last panel is filled up
/// with zeros. A product reads them from front to back.
///
/// Prepared are: in bfloat16 first the same panels rounded, then in both precisions the panels of the way back, with
/// input and output channels exchanged.
final class PanelWeightLayout: WeightLayout {
  let inputChannels: Int
  let outputChannels: Int
  let kernel: Int
  let isTransposed: Bool
  let precision: Precision
  private let pool: WorkerPool

  /// - Parameter isTransposed: canonical [in, out, kernel, kernel] of a deconvolution, not [out, in, kernel, kernel].
  init(
    inputChannels: Int, outputChannels: Int, kernel: Int, isTransposed: Bool, precision: Precision, pool: WorkerPool
  ) {
    self.inputChannels = inputChannels
    self.outputChannels = outputChannels
    self.kernel = kernel
    self.isTransposed = isTransposed
    self.precision = precision
    self.pool = pool
  }

  var taps: Int { kernel * kernel }
  var outputPanels: Int { (outputChannels + panelWidth - 1) / panelWidth }
  var inputPanels: Int { (inputChannels + panelWidth - 1) / panelWidth }
  var canonicalCount: Int { inputChannels * outputChannels * taps }
  var count: Int { outputPanels * panelWidth * taps * inputChannels }
  private var backwardCount: Int { inputPanels * panelWidth * taps * outputChannels }
  private var forwardPreparedCount: Int { precision == .bfloat16 ? count : 0 }
  var preparedByteCount: Int { (forwardPreparedCount + backwardCount) * 4 }
  var readsBFloat16Only: Bool { precision == .bfloat16 }
  var fingerprint: String { "panels\(panelWidth):\(inputChannels)x\(outputChannels)x\(kernel):\(precision.rawValue)" }

  func forwardPanels(_ weights: LayerWeights) -> UnsafePointer<Float> {
    precision == .bfloat16 ? weights.prepared.assumingMemoryBound(to: Float.self) : weights.master
  }

  func backwardPanels(_ weights: LayerWeights) -> UnsafePointer<Float> {
    weights.prepared.assumingMemoryBound(to: Float.self) + forwardPreparedCount
  }

  func importCanonical(_ canonical: UnsafePointer<Float>, into weights: UnsafeMutablePointer<Float>) {
    pool.run(outputPanels) { panel, _ in
      importPanel(
        panel, inputs: 0..<inputChannels,
        outputs: panel * panelWidth..<min(outputChannels, (panel + 1) * panelWidth), canonical, into: weights)
    }
  }

  /// On the calling thread alone, because several bring in rows at once.
  func importRows(
    _ rows: Range<Int>, _ canonical: UnsafePointer<Float>, into weights: UnsafeMutablePointer<Float>
  ) {
    let outputs = isTransposed ? 0..<outputChannels : rows
    let inputs = isTransposed ? rows : 0..<inputChannels
    let first = canonical - kernelIndex(inputs.lowerBound, outputs.lowerBound) * taps
    for panel in outputs.lowerBound / panelWidth..<(outputs.upperBound + panelWidth - 1) / panelWidth {
      importPanel(
        panel, inputs: inputs,
        outputs: panel * panelWidth..<min(outputs.upperBound, (panel + 1) * panelWidth), first, into: weights)
    }
  }

  /// - Parameter canonical: where the first weight of the whole layer would be.
  private func importPanel(
    _ panel: Int, inputs: Range<Int>, outputs: Range<Int>, _ canonical: UnsafePointer<Float>,
    into weights: UnsafeMutablePointer<Float>
  ) {
    withUnsafeTemporaryAllocation(of: Float.self, capacity: taps * panelWidth) { lanes in
      lanes.initialize(repeating: 0)
      for input in inputs {
        for output in outputs {
          let kernel = canonical + kernelIndex(input, output) * taps
          let lane = output - outputs.lowerBound
          for tap in 0..<taps { lanes[tap &* panelWidth &+ lane] = kernel[tap] }
        }
        for tap in 0..<taps {
          let line = weights + ((panel * taps + tap) * inputChannels + input) * panelWidth
          for lane in 0..<panelWidth { line[lane] = lanes[tap &* panelWidth &+ lane] }
        }
      }
    }
  }

  /// On the calling thread alone, so that checkpoints can be written beside training: the pool runs one loop at a time.
  func exportCanonical(_ weights: UnsafePointer<Float>, into canonical: UnsafeMutablePointer<Float>) {
    for panel in 0..<outputPanels {
      let outputs = panel * panelWidth..<min(outputChannels, (panel + 1) * panelWidth)
      withUnsafeTemporaryAllocation(of: Float.self, capacity: taps * panelWidth) { lanes in
        for input in 0..<inputChannels {
          for tap in 0..<taps {
            let line = weights + ((panel * taps + tap) * inputChannels + input) * panelWidth
            for lane in 0..<panelWidth { lanes[tap &* panelWidth &+ lane] = line[lane] }
          }
          for output in outputs {
            let kernel = canonical + kernelIndex(input, output) * taps
            let lane = output - outputs.lowerBound
            for tap in 0..<taps { kernel[tap] = lanes[tap &* panelWidth &+ lane] }
          }
        }
      }
    }
  }

  private func kernelIndex(_ input: Int, _ output: Int) -> Int {
    isTransposed ? input * outputChannels + output : output * inputChannels + input
  }

  var preparationPieces: Int { inputPanels }
  var preparationScratchByteCount: Int { 0 }

  func prepare(
    _ weights: UnsafePointer<Float>, into prepared: UnsafeMutableRawPointer, pieces: Range<Int>,
    scratch: UnsafeMutableRawPointer
  ) {
    let forward = prepared.assumingMemoryBound(to: Float.self)
    let backward = forward + forwardPreparedCount
    pool.run(pieces.count) { index, _ in
      let piece = pieces.lowerBound + index
      prepareBackwardPanel(piece, weights, into: backward)
      if precision == .bfloat16 { prepareForwardPiece(piece, weights, into: forward) }
    }
  }

  /// A piece is a panel of inputs, of all outputs.
  func outputs(ofPieces pieces: Range<Int>) -> Range<Int> { 0..<outputChannels }

  func scale(
    _ weights: UnsafePointer<Float>, by factors: UnsafePointer<Float>, outputs: Range<Int>,
    into result: UnsafeMutablePointer<Float>
  ) {
    precondition(!isTransposed && outputs.lowerBound % panelWidth == 0)
    let first = outputs.lowerBound / panelWidth
    pool.run((outputs.count + panelWidth - 1) / panelWidth) { index, _ in
      let panel = first + index
      let lanes = min(panelWidth, outputs.upperBound - panel * panelWidth)
      let own = factors + panel * panelWidth
      for line in panel * taps * inputChannels..<(panel + 1) * taps * inputChannels {
        for lane in 0..<lanes { result[line * panelWidth + lane] = weights[line * panelWidth + lane] * own[lane] }
      }
    }
  }

  private func prepareForwardPiece(
    _ piece: Int, _ weights: UnsafePointer<Float>, into forward: UnsafeMutablePointer<Float>
  ) {
    let start = count * piece / preparationPieces
    let end = count * (piece + 1) / preparationPieces
    (forward + start).update(from: weights + start, count: end - start)
    BFloat16Rounding.round(forward + start, count: end - start)
  }

  private func prepareBackwardPanel(
    _ panel: Int, _ weights: UnsafePointer<Float>, into backward: UnsafeMutablePointer<Float>
  ) {
    let inputs = panel * panelWidth..<min(inputChannels, (panel + 1) * panelWidth)
    let base = backward + panel * taps * outputChannels * panelWidth
    for tap in 0..<taps {
      for output in 0..<outputChannels {
        let destination = base + (tap * outputChannels + output) * panelWidth
        let slab = weights + ((output / panelWidth) * taps + tap) * inputChannels * panelWidth + output % panelWidth
        for lane in 0..<panelWidth {
          let input = inputs.lowerBound + lane
          destination[lane] = input < inputs.upperBound ? slab[input * panelWidth] : 0
        }
      }
    }
    if precision == .bfloat16 { BFloat16Rounding.round(base, count: taps * outputChannels * panelWidth) }
  }
}
