/// The program that this process runs.
package enum ProgramFile {
  /// Its length and checksum, equal for equal builds; versions are not, while people work on them. Reads the file once.
  package static let identity: String = {
    guard let bytes = try? FileBytes.read("/proc/self/exe") else { return "unreadable" }
    return "\(bytes.count) bytes, CRC-32C \(String(CRC32C.checksum(bytes), radix: 16))"
  }()
}
