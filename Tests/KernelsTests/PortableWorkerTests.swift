import Basics
import Kernels
import Testing

@Suite struct PortableWorkerTests {
  @Test func backendsComeAndGoWithTheirThreads() throws {
    for round in 0..<50 {
      let backend = try PortableBackend(precision: .float32, threads: 1 + round % 4)
      let values = portableRandom(200_000, stream: UInt64(round))
      var result = [Float](repeating: .nan, count: values.count)
      backend.scale(values, by: 2, into: &result, count: values.count)
      #expect(result == values.map { $0 * 2 })
    }
  }

  @Test func describesItself() throws {
    let backend = try PortableBackend(precision: .bfloat16, threads: 3)
    #expect(backend.threadCount == 3)
    #expect(backend.activationType == .float32)
    #expect(backend.summary.contains("bfloat16 (emulated), 3 threads"))
    let other = try PortableBackend(precision: .bfloat16, threads: 1)
    #expect(other.fingerprint == backend.fingerprint)
    #expect(try PortableBackend(precision: .float32, threads: 1).fingerprint != backend.fingerprint)
  }
}
