import Basics
import Testing

@Suite struct ProcessMemoryTests {
  @Test func touchedMemoryIsCounted() throws {
    let before = try #require(ProcessMemory.current())
    let region = try MemoryRegion(byteCount: 256 << 20)
    region.base.initializeMemory(as: UInt8.self, repeating: 1, count: region.byteCount)
    let after = try #require(ProcessMemory.current())
    // Other tests of this process free some of theirs meanwhile.
    #expect(after.own - before.own > 128 << 20)
    #expect(after.resident >= after.proportional && after.proportional >= after.own)
    withExtendedLifetime(region) {}
  }

  @Test func ageAdvances() {
    let age = ProcessAge.seconds
    #expect(age >= 0 && age < 86_400)
    #expect(ProcessAge.seconds >= age)
  }
}
