import Basics
import CSystem

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// What the threads of this process are at, function by function.
struct ThreadStack {
  let number: Int32
  /// Of the thread, as the system has it.
  let name: String
  /// Its state (R: running, S: waiting, D: waiting for a disk) and the kernel's function that it waits in.
  let state: String
  /// The innermost function first; empty where the thread did not answer.
  let functions: [String]

  /// To be called before `ofAllThreads` is needed.
  static func prepare() { csystem_stacks_prepare() }

  /// For all threads together: whoever waits for them has waited for long.
  private static let seconds = 1.0

  /// Each thread is interrupted for an instant, by a signal that it answers with its stack.
  static func ofAllThreads() -> [ThreadStack] {
    guard let folder = opendir("/proc/self/task") else { return [] }
    defer { closedir(folder) }
    var stacks: [ThreadStack] = []
    let end = ProcessEnvironment.monotonicSeconds + seconds
    while let entry = readdir(folder) {
      let text = withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
      guard let number = Int32(text) else { continue }
      let path = "/proc/self/task/\(number)"
      let state = (SystemFile.text("\(path)/stat") ?? "").split(separator: ")").last.map { String($0.prefix(2)) } ?? ""
      stacks.append(
        ThreadStack(
          number: number, name: (SystemFile.text("\(path)/comm") ?? "?").filter { !$0.isNewline },
          state: "\(state) \(SystemFile.text("\(path)/wchan") ?? "")", functions: functions(of: number, until: end)))
    }
    return stacks
  }

  private static func functions(of thread: Int32, until end: Double) -> [String] {
    let left = end - ProcessEnvironment.monotonicSeconds
    guard left > 0, !isDeaf(thread) else { return [] }
    var addresses = [UInt64](repeating: 0, count: 64)
    let count = csystem_stack(thread, Int32(min(left, 0.3) * 1000), &addresses, Int32(addresses.count))
    return addresses.prefix(Int(max(0, count))).map { address in
      let symbol = text { csystem_symbol(address, $0, $1) }
      return symbol.isEmpty ? "0x" + String(address, radix: 16) : text { csystem_demangle(symbol, $0, $1) }
    }
  }

  /// Some libraries' threads block all signals.
  private static func isDeaf(_ thread: Int32) -> Bool {
    let lines = (SystemFile.text("/proc/self/task/\(thread)/status") ?? "").split(separator: "\n")
    let mask = lines.first { $0.hasPrefix("SigBlk:") }?.split(whereSeparator: \.isWhitespace).last
    return mask.flatMap { UInt64($0, radix: 16) }.map { $0 >> UInt64(csystem_stack_signal() - 1) & 1 == 1 } ?? false
  }

  private static func text(_ write: (UnsafeMutablePointer<CChar>, Int) -> Void) -> String {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 2048) { buffer in
      guard let base = buffer.baseAddress else { return "" }
      base.initialize(repeating: 0, count: buffer.count)
      write(base, buffer.count)
      return String(cString: base)
    }
  }

  var lines: [String] {
    ["  \(number) \(name)\(state)"] + (functions.isEmpty ? ["    (takes no signals)"] : functions.map { "    \($0)" })
  }
}
