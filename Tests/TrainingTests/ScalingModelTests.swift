import Benchmarks
import Testing

@Suite struct ScalingModelTests {
  /// By hand: 3 others, 2 buckets; a quarter of 1,000 elements stays at home.
  @Test func countsMessagesAndBytes() {
    var model = ScalingModel()
    model.parameterCount = 1000
    model.bucket = 500
    model.latency = 1
    model.bandwidth = 100
    model.stepSeconds = 50
    model.hiddenShare = 0.2
    let outcome = model.outcome(machines: 4)
    #expect(outcome.gradients == 6 + 750 * 4 / 100)
    #expect(outcome.parameters == 6 + 750 * 4 / 100)
    #expect(outcome.exposed == (36 - 10) + 36 + 8)
    #expect(outcome.step == 120)
    #expect(outcome.efficiency == 50.0 / 120)
    model.gradientByteCount = 2
    #expect(model.outcome(machines: 4).gradients == 6 + 750 * 2 / 100)
  }

  @Test func oneMachineHasNobodyToWaitFor() {
    let outcome = ScalingModel().outcome(machines: 1)
    #expect(outcome.exposed == 0 && outcome.efficiency == 1)
  }
}
