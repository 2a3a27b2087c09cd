import Crypto

/// One SHA-256 over results, to compare runs by.
package struct ResultDigest {
  private var function = SHA256()

  package init() {}

  /// Takes `bytes` into the digest.
  package mutating func update(_ bytes: UnsafeRawBufferPointer) { function.update(bufferPointer: bytes) }

  /// 64 hexadecimal digits.
  package var hexadecimal: String {
    function.finalize().map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }
}
