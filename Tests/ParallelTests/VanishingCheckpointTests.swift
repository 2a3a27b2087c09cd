import Foundation
import TestSupport
import Testing

extension ParallelTests {
  /// Checkpoints that somebody removes while they are read, as a training that goes on does with old ones.
  @Suite(.enabled(if: VanishingFile.isAvailable, "needs a C compiler")) struct VanishingCheckpoints {
    let training: TinyTraining

    init() throws { training = try TinyTraining() }

    /// Removed after each of its openings in turn: the library looks at the name once more, and who reads it more than
    /// once cannot open it again.
    @Test func aCheckpointRemovedWhileItIsOpenedIsNamed() throws {
      _ = try training.goodDigest()
      let victim = training.folder.file("victim.h5")
      var openingCount = 0
      for opening in 1...30 {
        try? FileManager.default.removeItem(atPath: victim)
        try FileManager.default.copyItem(atPath: training.checkpoint("good", step: 10), toPath: victim)
        let mark = training.folder.file("mark-\(opening)")
        let outcome = try MPILauncher(
          ranks: 0, environment: VanishingFile.environment(victim, afterOpening: opening, mark: mark)
        ).run("fcn-dist", ["evaluate", "--checkpoint", victim, "--data", training.data, "--backend", "portable"])
        guard Self.isThere(mark) else {
          #expect(outcome.exitCode == 0, "\(outcome.tail)")
          break
        }
        openingCount = opening
        guard outcome.exitCode != 0 else { continue }
        #expect(outcome.exitCode == 66, "\(opening): \(outcome.tail)")
        #expect(outcome.errorLines.count == 1, "\(opening): \(outcome.tail)")
        let line = outcome.errorLines.first ?? ""
        #expect(
          line.contains("\(victim) was removed while") || line.contains("there is no file \(victim)"), "\(line)")
      }
      #expect(2..<30 ~= openingCount)
    }

    private static func isThere(_ link: String) -> Bool {
      (try? FileManager.default.destinationOfSymbolicLink(atPath: link)) != nil
    }

    @Test func aCheckpointThatVanishesIsPassedOver() throws {
      let good = try training.goodDigest()
      // Of ten steps the last is still to be done.
      try FileManager.default.removeItem(atPath: training.checkpoint("good", step: 10))
      var passedOver = 0
      var opening = 1
      while opening <= 12 {
        let output = "run-\(opening)"
        try FileManager.default.copyItem(atPath: training.path("good"), toPath: training.path(output))
        let mark = training.folder.file("mark-\(opening)")
        let vanishing = VanishingFile.environment(
          training.checkpoint(output, step: 9), afterOpening: opening, mark: mark)
        let resumed = try training.train(output, environment: vanishing, ["--resume", "auto"])
        guard Self.isThere(mark) else { break }
        #expect(resumed.exitCode == 0, "\(opening): \(resumed.tail)")
        #expect(try training.digest(output) == good, "\(opening)")
        let isPassedOver = resumed.output.contains("resuming after step 8 from")
        passedOver += isPassedOver ? 1 : 0
        let warnings = resumed.output.split(separator: "\n").filter { $0.hasPrefix("warning: ") }
        #expect(warnings.count == (isPassedOver ? 1 : 0), "\(opening): \(resumed.tail)")
        if isPassedOver {
          #expect(warnings.first?.contains("step-000000009.h5") == true, "\(opening): \(resumed.tail)")
          #expect(warnings.first?.contains("trying the checkpoint before it") == true, "\(opening): \(resumed.tail)")
        }
        opening += 1
      }
      // For its seal, then by the library.
      #expect(passedOver >= 2 && opening <= 12, "\(passedOver) of \(opening - 1)")
    }
  }
}
