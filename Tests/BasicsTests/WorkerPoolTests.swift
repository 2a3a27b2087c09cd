import Basics
import Foundation
import Testing

@Suite struct WorkerPoolTests {
  @Test(arguments: [1, 2, 5]) func callsEachIterationOnce(threads: Int) throws {
    let pool = try WorkerPool(threadCount: threads)
    for count in [0, 1, 2, 1000] {
      // Sanitizers see what a monitor keeps apart, but not the standard library's own lock.
      let calls = Monitor([Int](repeating: 0, count: count))
      pool.run(count) { iteration, worker in
        #expect(worker < threads)
        calls.withLock { $0[iteration] += 1 }
      }
      #expect(calls.withLock { $0 } == [Int](repeating: 1, count: count))
    }
  }

  /// A checkpoint is written while the next step is computed: whoever comes second works alone.
  @Test(arguments: [2, 5]) func aLoopDuringAnotherIsRunByItsCaller(threads: Int) throws {
    let pool = try WorkerPool(threadCount: threads)
    let calls = Monitor([Int](repeating: 0, count: 40))
    pool.run(4) { outer, _ in
      pool.run(10) { inner, worker in
        #expect(worker == 0)
        calls.withLock { $0[outer * 10 + inner] += 1 }
      }
    }
    #expect(calls.withLock { $0 } == [Int](repeating: 1, count: 40))
  }

  /// More threads than there is room for are an error that says what to do; those that had started are ended.
  @Test func tooManyThreadsAreAnError() async {
    await #expect(processExitsWith: .success) {
      var limit = rlimit(rlim_cur: 3 << 30, rlim_max: 3 << 30)
      #expect(setrlimit(__rlimit_resource_t(9 /* RLIMIT_AS */), &limit) == 0)
      let failure = #expect(throws: Failure.self) { _ = try WorkerPool(threadCount: 4000) }
      #expect(failure?.message.contains("of 4000") == true, "\(failure?.message ?? "")")
      #expect(failure?.remedy?.contains("OMP_NUM_THREADS") == true)
      try WorkerPool(threadCount: 50).run(1000) { _, _ in }
    }
  }
}
