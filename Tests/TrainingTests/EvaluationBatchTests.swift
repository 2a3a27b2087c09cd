import Testing
import Training

@Suite struct EvaluationBatchTests {
  @Test func smallImagesGoTogether() {
    #expect(EvaluationBatch.imageCount(height: 360, width: 480) == 1)
    #expect(EvaluationBatch.imageCount(height: 360, width: 480, atLeast: 4) == 4)
    #expect(EvaluationBatch.imageCount(height: 180, width: 240) == 6)
    #expect(EvaluationBatch.imageCount(height: 8, width: 8) == EvaluationBatch.mostImages)
    #expect(EvaluationBatch.imageCount(height: 0, width: 0) == EvaluationBatch.mostImages)
    #expect(EvaluationBatch.imageCount(height: 9000, width: 9000) == 1)
  }

  @Test func runsAreOfOneSizeAndCoverEverything() {
    let sizes = [(9, 9), (9, 9), (9, 8), (9, 9), (400, 500), (400, 500), (400, 500)].map { (height: $0.0, width: $0.1) }
    #expect(EvaluationBatch.runs(of: 0..<7, atLeast: 2) { sizes[$0] } == [0..<2, 2..<3, 3..<4, 4..<6, 6..<7])
    #expect(EvaluationBatch.runs(of: 1..<2) { sizes[$0] } == [1..<2])
    #expect(EvaluationBatch.runs(of: 3..<3) { sizes[$0] } == [])
    let many = EvaluationBatch.runs(of: 0..<100) { _ in (height: 4, width: 4) }
    #expect(many.map(\.count) == [32, 32, 32, 4])
    #expect(many.flatMap { Array($0) } == Array(0..<100))
  }
}
