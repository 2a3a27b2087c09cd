import Basics
import Foundation
import TestSupport
import Testing

@Suite struct FolderTests {
  private let folder = TemporaryFolder()
  private var base: String { folder.file("base") }

  @Test func makesWhatIsMissingAndOnlyThat() throws {
    for _ in 0..<2 { try Folder.make(base + "/a//b/c/") }
    var isFolder: ObjCBool = false
    #expect(FileManager.default.fileExists(atPath: base + "/a/b/c", isDirectory: &isFolder) && isFolder.boolValue)
  }

  @Test func saysWhatIsInTheWay() throws {
    try Folder.make(base)
    try Data("x".utf8).write(to: URL(fileURLWithPath: base + "/file"))
    let failure = #expect(throws: Failure.self) { try Folder.make(base + "/file/run", remedy: "give another") }
    #expect(failure?.kind == .cannotCreate)
    #expect(
      failure?.description == "cannot make the folder \(base)/file/run (\(base)/file is a file); give another")
    let system = #expect(throws: Failure.self) { try Folder.make("/proc/fcn-dist") }
    #expect(system?.message == "cannot make the folder /proc/fcn-dist (/proc/fcn-dist: No such file or directory)")
  }
}
