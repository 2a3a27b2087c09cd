import COneDNN

/// Runs `body` over pieces of 0 ..< count on the threads that oneDNN itself uses, so that a process has one pool.
func parallelRanges(_ count: Int, grain: Int, threads: Int, _ body: (Range<Int>) -> Void) {
  withoutActuallyEscaping(body) { body in
    withUnsafePointer(to: body) { context in
      conednn_parallel(Int32(threads), Int64(count), Int64(grain), UnsafeMutableRawPointer(mutating: context)) {
        context, begin, end in
        guard let context else { return }
        context.assumingMemoryBound(to: ((Range<Int>) -> Void).self).pointee(Int(begin)..<Int(end))
      }
    }
  }
}
