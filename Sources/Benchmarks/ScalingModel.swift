/// What a step would take on many machines: a model, not a measurement.
///
/// Every machine owns an equal part of every stripe of the parameters. In a step it sends its gradient of each other part
/// to the owner, bucket by bucket, and afterwards its updated parts to every other machine. A message costs `latency`, a byte
/// 1 / `bandwidth`, in both directions at once (the alpha-beta model, Hockney 1994); all machines talk at the same
/// time, through a network that never becomes full. The reductions of a few numbers take log2(machines) messages there
/// and back.
package struct ScalingModel: Equatable, Sendable {
  package var parameterCount = 134_348_929
  /// Elements exchanged at once.
  package var bucket = 8_388_608
  /// Bytes of a gradient's element between machines.
  package var gradientByteCount = 4
  /// Seconds a message is under way.
  package var latency = 30e-6
  /// Bytes a machine sends in a second.
  package var bandwidth = 1.1e9
  /// Seconds of a step on one machine alone.
  package var stepSeconds = 3.83
  /// The share of the step that hides the exchange of gradients: what the last micro-batch's backward pass takes. 0: no
  /// overlap.
  package var hiddenShare = 0.0

  package init() {}

  /// Seconds, machine by machine the same.
  package struct Outcome: Equatable, Sendable {
    package let gradients: Double
    package let parameters: Double
    /// Of the exchange, what no computation hides.
    package let exposed: Double
    package let step: Double
    /// Of all machines' work, what is not lost.
    package let efficiency: Double
  }

  /// The predicted step and efficiency on so many machines.
  package func outcome(machines: Int) -> Outcome {
    let others = Double(machines - 1)
    let elements = Double(parameterCount) * others / Double(machines)
    // A bucket has a piece for every owner.
    let buckets = (parameterCount + bucket - 1) / bucket
    let gradients = others * Double(buckets) * latency + elements * Double(gradientByteCount) / bandwidth
    var rounds = 0
    while 1 << rounds < machines { rounds += 1 }
    // The labelled pixels, and what is agreed on before the update.
    let agreement = 2 * 2 * Double(rounds) * latency
    let parameters = others * Double(buckets) * latency + elements * 4 / bandwidth
    let exposed = max(0, gradients - hiddenShare * stepSeconds) + parameters + agreement
    let step = stepSeconds + exposed
    return Outcome(
      gradients: gradients, parameters: parameters, exposed: exposed, step: step, efficiency: stepSeconds / step)
  }
}
