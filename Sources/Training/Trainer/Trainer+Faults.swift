import Exchange
import Model

extension Trainer {
  /// Does after `phase` what FCN_DIST_FAULT orders for this rank. Without orders it does nothing.
  func injectFaults(after phase: StepPhase, step index: Int, seconds: Double) {
    switch phase {
    case .computing:
      faults.injectIntoProcess(step: index + 1, workSeconds: seconds)
      if faults.triggers(.interrupt, step: index + 1) { stopSignal.request() }
      if faults.triggers(.nan, step: index + 1) { exchange.ownBuffer[0] = .nan }
    case .publishing:
      if faults.triggers(.corruptCopy, step: index + 1) {
        let first = exchange.slices.first ?? 0..<0
        flipBit(ofElement: first.lowerBound > 0 ? 0 : first.upperBound)
      }
    case .sealing:
      if let slice = exchange.slices.last, faults.triggers(.flipWeight, step: index + 1) {
        flipBit(ofElement: (slice.lowerBound + slice.upperBound) / 2)
      }
    case .loading, .counting, .summing, .verifying, .reducing, .updating, .preparing: break
    }
  }

  private func flipBit(ofElement element: Int) {
    let value = store.memory.master + element
    value.pointee = Float(bitPattern: value.pointee.bitPattern ^ 1 << 20)
  }
}
