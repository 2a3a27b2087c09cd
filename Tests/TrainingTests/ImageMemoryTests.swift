import Basics
import Testing
import Training

@Suite struct ImageMemoryTests {
  @Test func whatDoesNotFitIsSaidWithTheRemedy() throws {
    try ImageMemory.check(1 << 30, available: 1 << 30, "predicting a", remedy: "cut it")
    let failure = #expect(throws: Failure.self) {
      try ImageMemory.check(3 << 30, available: 1 << 29, "predicting a", remedy: "cut it")
    }
    #expect(failure?.kind == .configuration && failure?.remedy == "cut it")
    #expect(
      failure?.message
        == "predicting a takes 3.0 GiB of memory for each rank, and 0.5 GiB are available to it")
  }

  @Test func onlyLargeImagesAreLookedAt() {
    #expect(ImageMemory.isHarmless(height: 2000, width: 2000))
    #expect(!ImageMemory.isHarmless(height: 2001, width: 2000))
  }
}
