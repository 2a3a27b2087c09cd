import Basics
import CMPI

/// Turns MPI's status into a thrown error with MPI's own words.
enum MPIStatus {
  static func check(_ status: Int32, _ operation: @autoclosure () -> String) throws {
    guard status != 0 else { return }
    var isTruncation: Int32 = 0
    _ = cmpi_is_truncation(status, &isTruncation)
    if isTruncation != 0 {
      throw Failure(
        .internalError,
        "MPI failed in \(operation()) (\(text(of: status))): a message is longer than its receiver expects")
    }
    throw Failure(
      .restart, "MPI failed in \(operation()) (\(text(of: status)))",
      remedy: "if the network or a machine failed, start the command again with --resume auto")
  }

  private static func text(of status: Int32) -> String {
    string { cmpi_error_string(status, $0, $1) } ?? "status \(status)"
  }

  /// A text that a function of the shim writes; nil where it fails.
  static func string(_ write: (UnsafeMutablePointer<CChar>, Int32) -> Int32) -> String? {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 8192) { buffer in
      guard let base = buffer.baseAddress else { return nil }
      base.initialize(repeating: 0, count: buffer.count)
      return write(base, Int32(buffer.count)) == 0 ? String(cString: base) : nil
    }
  }
}
