import Basics
import Checkpoints
import Foundation
import TestSupport
import Testing

@Suite struct CheckpointStoreTests {
  let folder = TemporaryFolder()

  private func damage(_ path: String) throws {
    var bytes = try readBytes(path)
    bytes[bytes.count / 2] ^= 1
    try writeBytes(bytes, to: path)
  }

  private func state(_ step: Int, salt: Float = 0) -> CheckpointState {
    CheckpointFixture.state(step: step, width: 1, salt: salt)
  }

  private func target(_ link: String) throws -> String {
    try FileManager.default.destinationOfSymbolicLink(atPath: folder.file(link))
  }

  @Test func namesAndLinksAreThoseOfTheFormat() throws {
    let store = CheckpointStore(folder: folder.path)
    #expect(try store.steps() == [])
    #expect(store.latestStep == nil && store.bestStep == nil)
    #expect(try store.save(state(1200)) == folder.file("step-000001200.h5"))
    try store.save(state(1300))
    try store.markBest(1200)
    #expect(try store.steps() == [1200, 1300])
    #expect(try target("latest.h5") == "step-000001300.h5")
    #expect(try target("best.h5") == "step-000001200.h5")
    #expect(store.latestStep == 1300 && store.bestStep == 1200)
    #expect(try CheckpointReader(folder.file("best.h5")).state.step == 1200)
    #expect(folder.names == ["best.h5", "latest.h5", "step-000001200.h5", "step-000001300.h5"])
    #expect(CheckpointStore.name(ofStep: 12_345_678_901) == "step-12345678901.h5")
  }

  @Test func theFolderIsMadeWhenItIsNeeded() throws {
    let store = CheckpointStore(folder: folder.file("checkpoints"))
    #expect(try store.newestGood { _ in } == nil)
    try store.save(state(1))
    #expect(try store.steps() == [1])
  }

  @Test func theNewestGoodOneIsFound() throws {
    let store = CheckpointStore(folder: folder.path)
    for step in [100, 200, 300] { try store.save(state(step)) }
    try writeBytes([1, 2, 3], to: folder.file("step-000000400.h5"))
    try writeBytes([], to: folder.file("step-x.h5"))
    try damage(store.path(ofStep: 300))
    var warnings: [String] = []
    let reader = try #require(try store.newestGood { warnings.append($0) })
    #expect(reader.state.step == 200)
    #expect(warnings.count == 2)
    #expect(warnings[0].contains("step-000000400.h5") && warnings[1].contains("step-000000300.h5 is damaged"))
    try damage(store.path(ofStep: 100))
    try damage(store.path(ofStep: 200))
    let failure = #expect(throws: Failure.self) { try store.newestGood { _ in } }
    #expect(failure?.kind == .badData)
    for step in [100, 200, 300, 400] {
      #expect(failure?.message.contains(CheckpointStore.name(ofStep: step)) == true)
    }
  }

  @Test func aFileUnderAWrongNameIsNotTaken() throws {
    let store = CheckpointStore(folder: folder.path)
    try store.save(state(100))
    try FileManager.default.copyItem(atPath: store.path(ofStep: 100), toPath: store.path(ofStep: 900))
    var warnings: [String] = []
    #expect(try store.newestGood { warnings.append($0) }?.state.step == 100)
    #expect(warnings.count == 1 && warnings[0].contains("step-000000900.h5 holds step 100"))
  }

  @Test func filesThatChangedPlacesAreNotTaken() throws {
    let store = CheckpointStore(folder: folder.path)
    for step in [100, 200, 300] { try store.save(state(step)) }
    let aside = folder.file("aside")
    for (from, to) in [
      (store.path(ofStep: 300), aside), (store.path(ofStep: 200), store.path(ofStep: 300)),
      (aside, store.path(ofStep: 200)),
    ] {
      try FileManager.default.moveItem(atPath: from, toPath: to)
    }
    var warnings: [String] = []
    #expect(try store.newestGood { warnings.append($0) }?.state.step == 100)
    #expect(warnings.count == 2 && warnings[0].contains("step-000000300.h5 holds step 200"), "\(warnings)")
    #expect(warnings.last?.contains("step-000000200.h5 holds step 300") == true, "\(warnings)")
    // Nor does keeping the newest two remove the only one that can be used.
    #expect(try CheckpointStore(folder: folder.path).prune(keep: 2) == [])
    #expect(try store.steps() == [100, 200, 300])
  }

  @Test func pruningKeepsTheNewestAndTheBest() throws {
    let store = CheckpointStore(folder: folder.path)
    for step in 1...6 { try store.save(state(step)) }
    try store.markBest(2)
    #expect(try store.prune(keep: 2) == [1, 3, 4])
    #expect(try store.steps() == [2, 5, 6])
    #expect(try store.prune(keep: 2) == [])
    #expect(try store.prune(keep: 0) == [5])
  }

  @Test func pruningKeepsTheLastThatIsKnownToBeGood() throws {
    let writer = CheckpointStore(folder: folder.path)
    for step in 1...5 { try writer.save(state(step)) }
    for step in [3, 4, 5] { try damage(writer.path(ofStep: step)) }
    let store = CheckpointStore(folder: folder.path)
    #expect(try store.prune(keep: 2) == [1, 3])
    #expect(try store.newestGood { _ in }?.state.step == 2)
  }

  @Test func savingTheSameStepAgain() throws {
    let store = CheckpointStore(folder: folder.path)
    let path = try store.save(state(7))
    let first = try FileManager.default.attributesOfItem(atPath: path)[.systemFileNumber] as? Int
    try store.save(state(7))
    #expect(try FileManager.default.attributesOfItem(atPath: path)[.systemFileNumber] as? Int == first)

    let failure = #expect(throws: Failure.self) { try store.save(state(7, salt: 9)) }
    #expect(failure?.kind == .cannotCreate && failure?.message.contains("holds another training's state") == true)
    #expect(try CheckpointReader(path).state.digest() == state(7).digest())

    try store.save(state(7, salt: 9), replacing: true)
    #expect(try CheckpointReader(path).state.digest() == state(7, salt: 9).digest())

    try damage(path)
    try store.save(state(7))
    #expect(try CheckpointReader(path).state.digest() == state(7).digest())
  }

  /// As a training does with old checkpoints while somebody reads one.
  @Test func anOpenCheckpointStaysReadableWhenItIsRemoved() throws {
    let store = CheckpointStore(folder: folder.path)
    let path = try store.save(state(1))
    let reader = try CheckpointReader(path)
    try FileManager.default.removeItem(atPath: path)
    try reader.verify()
    #expect(try reader.state.digest() == state(1).digest())
    let failure = #expect(throws: Failure.self) { try CheckpointReader(path) }
    #expect(failure?.kind == .missingInput && failure?.message.contains(path) == true)
  }

  @Test func leftoversOfKilledWritersAreRemoved() throws {
    let store = CheckpointStore(folder: folder.path)
    try store.save(state(1))
    // The numbers of processes end at 2^22 on Linux.
    let gone = "step-000000002.h5.partial-99999999@\(hostName)"
    let own = "step-000000003.h5.partial-\(getpid())@\(hostName)"
    let alive = "step-000000004.h5.partial-1@\(hostName)"
    let elsewhere = "step-000000005.h5.partial-99999999@another-\(hostName)"
    let old = "step-000000006.h5.partial-1@another-\(hostName)"
    let other = "notes.partial"
    for name in [gone, own, alive, elsewhere, old, other] { try writeBytes([1], to: folder.file(name)) }
    try FileManager.default.setAttributes(
      [.modificationDate: Date(timeIntervalSinceNow: -7200)], ofItemAtPath: folder.file(old))
    #expect(try store.newestGood { _ in }?.state.step == 1)
    #expect(try store.removeLeftovers() == [gone, own, old].sorted())
    #expect(folder.names == ["latest.h5", other, "step-000000001.h5", alive, elsewhere].sorted())
  }

  @Test func aLinkThatCannotBeMadeHarmsNoCheckpoint() throws {
    let store = CheckpointStore(folder: folder.path)
    let path = try store.save(state(1))
    let bytes = try readBytes(path)
    try FileManager.default.createDirectory(atPath: folder.file("best.h5"), withIntermediateDirectories: true)
    #expect(throws: Failure.self) { try store.markBest(1) }
    #expect(try readBytes(path) == bytes)
    #expect(folder.names == ["best.h5", "latest.h5", "step-000000001.h5"])
  }
}
