import Testing
import Training
import TrainingConfiguration

private func schedule(_ change: (inout Configuration.Schedule) -> Void, base: Double = 0.1, totalSteps: Int = 100)
  -> LearningRateSchedule
{
  var settings = Configuration().schedule
  settings.warmupSteps = 0
  change(&settings)
  return LearningRateSchedule(settings, base: base, totalSteps: totalSteps)
}

private func isClose(_ a: Double, _ b: Double) -> Bool { abs(a - b) <= 1e-12 * max(abs(a), abs(b)) }

@Suite struct ScheduleTests {
  @Test func constantStaysAfterLinearWarmUp() {
    let rates = schedule {
      $0.name = .constant
      $0.warmupSteps = 4
    }
    #expect((0..<6).map { rates.learningRate(atStep: $0) } == [0.025, 0.05, 0.1 * 3 / 4, 0.1, 0.1, 0.1])
  }

  @Test func stepFallsAtItsBoundaries() {
    let rates = schedule {
      $0.name = .step
      $0.stepSize = 10
      $0.gamma = 0.5
    }
    #expect(rates.learningRate(atStep: 9) == 0.1)
    #expect(rates.learningRate(atStep: 10) == 0.05)
    #expect(rates.learningRate(atStep: 35) == 0.0125)
  }

  /// torch.optim.lr_scheduler.MultiStepLR counts so, with detectron2's warm-up before it.
  @Test func multistepFallsAfterItsMilestones() {
    let rates = schedule {
      $0.name = .multistep
      $0.milestones = [20, 50]
      $0.gamma = 0.1
      $0.warmupSteps = 4
    }
    #expect(rates.learningRate(atStep: 1) == 0.05 && rates.learningRate(atStep: 19) == 0.1)
    #expect(isClose(rates.learningRate(atStep: 20), 0.01) && isClose(rates.learningRate(atStep: 49), 0.01))
    #expect(isClose(rates.learningRate(atStep: 50), 0.001) && isClose(rates.learningRate(atStep: 500), 0.001))
  }

  @Test func polyFallsToItsMinimum() {
    let rates = schedule { $0.name = .poly }
    #expect(rates.learningRate(atStep: 0) == 0.1)
    // python3 -c 'print(0.1 * (1 - 50/100) ** 0.9)'
    #expect(isClose(rates.learningRate(atStep: 50), 0.053588673126814656))
    #expect(rates.learningRate(atStep: 99) > 0)
    #expect(rates.learningRate(atStep: 100) == 0 && rates.learningRate(atStep: 1000) == 0)
    let warm = schedule {
      $0.name = .poly
      $0.power = 1
      $0.warmupSteps = 50
      $0.minimum = 0.02
    }
    #expect(warm.learningRate(atStep: 49) == 0.1 && warm.learningRate(atStep: 50) == 0.1)
    #expect(isClose(warm.learningRate(atStep: 75), 0.06) && warm.learningRate(atStep: 100) == 0.02)
  }

  @Test func cosineIsHalfInTheMiddle() {
    let rates = schedule {
      $0.name = .cosine
      $0.minimum = 0.02
    }
    #expect(rates.learningRate(atStep: 0) == 0.1)
    #expect(isClose(rates.learningRate(atStep: 50), 0.06))
    #expect(isClose(rates.learningRate(atStep: 100), 0.02))
  }

  @Test func warmUpLongerThanTheTrainingIsFinite() {
    for name in Configuration.Schedule.Name.allCases {
      let rates = schedule(
        {
          $0.name = name
          $0.warmupSteps = 20
        }, totalSteps: 10)
      #expect((0..<30).allSatisfy { rates.learningRate(atStep: $0).isFinite })
    }
  }

  @Test func plateauReducesAfterItsPatience() {
    var settings = Configuration().schedule
    settings.name = .plateau
    settings.patience = 1
    settings.threshold = 0.01
    let results = [0.1, 0.3, 0.305, 0.29, 0.5, 0.5, 0.5, 0.5, 0.5]
    let reductions = (0...results.count).map {
      PlateauState(after: Array(results.prefix($0)), settings: settings).reductions
    }
    // 0.305 is no progress over 0.3 (threshold), 0.29 is the second without; then 0.5 is progress.
    #expect(reductions == [0, 0, 0, 0, 1, 1, 1, 2, 2, 3])
    let rates = LearningRateSchedule(settings, base: 0.1, totalSteps: 100)
    #expect(rates.learningRate(atStep: 7, reductions: 2) == 0.025)
    settings.minimum = 0.03
    #expect(LearningRateSchedule(settings, base: 0.1, totalSteps: 9).learningRate(atStep: 7, reductions: 2) == 0.03)
  }

  @Test func plateauStateContinuesWhereItStopped() {
    let settings = Configuration().schedule
    let results = (0..<40).map { Double($0 * 37 % 11) / 11 }
    var continued = PlateauState(after: Array(results.prefix(17)), settings: settings)
    for result in results.dropFirst(17) { continued.observe(result, settings: settings) }
    #expect(continued == PlateauState(after: results, settings: settings))
    #expect(continued.reductions > 0)
  }

  @Test func anEvaluationThatIsNotANumberIsNoProgress() {
    var settings = Configuration().schedule
    settings.patience = 0
    let state = PlateauState(after: [.nan, 0.2, .nan], settings: settings)
    #expect(state.best == 0.2 && state.reductions == 2)
  }
}
