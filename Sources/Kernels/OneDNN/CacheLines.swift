/// Bytes up to the end of a cache line: where the next part of a shared piece of memory may begin.
func wholeCacheLines(_ byteCount: Int) -> Int { (byteCount + 63) / 64 * 64 }
