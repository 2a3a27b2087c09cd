import Basics
import CSystem

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// How ranks of a machine copy messages: once, each reading the other's memory, where the system allows it.
enum SingleCopy {
  private static let variable = "OMPI_MCA_btl_vader_single_copy_mechanism"

  /// Open MPI 4 does not ask whether a filter of system calls (containers have one) denies process_vm_readv: it tries
  /// with every message, prints an error and copies twice. To be called before MPI starts.
  static func switchOffWhereDenied() {
    guard ProcessEnvironment.string(variable) == nil, !mayReadProcesses() else { return }
    setenv(variable, "none", 1)
  }

  /// A filter that denies it denies it for the process's own memory too.
  private static func mayReadProcesses() -> Bool {
    var source: UInt64 = 0x66_63_6E_2D_64_69_73_74
    var copy: UInt64 = 0
    let status = withUnsafeMutablePointer(to: &source) {
      csystem_read_process(getpid(), UInt64(UInt(bitPattern: $0)), &copy, 8)
    }
    return status == 0 && copy == source
  }
}
