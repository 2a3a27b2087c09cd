import Basics
import CHDF5

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// A process that has one file open and answers questions about it: this program once more, started with a word that
/// only it knows.
package final class ReaderProcess {
  private static let word = "read-hdf5-for-parent"
  /// Whether this program is one that `serve` was called in.
  private static let isServing = Monitor(false)

  let stream: MessageStream
  private let process: Int32
  private let computingSeconds: Int
  private var ending: String?

  /// - Throws: `Failure(.inputOutput)` if no process can be started.
  init(_ path: String, byteCount: Int) throws {
    // What a file legitimately needs grows with it: a hundred thousand objects in 30 MB take seconds.
    computingSeconds = 2 + byteCount / (4 << 20)
    let memory = (768 << 20) + 4 * min(byteCount, 1 << 50)
    var descriptor: Int32 = -1
    var process: Int32 = -1
    let program = try Self.program()
    let status = chdf5_reader_start(
      program, Self.word, path, "\(memory)", "\(computingSeconds)", &descriptor, &process)
    guard status == 0 else {
      throw Failure(
        .inputOutput, "cannot start \(program) to read \(path) (\(systemErrorText(status)))",
        remedy: "files without fcn-dist's seal are read by a process of their own")
    }
    stream = MessageStream(descriptor)
    self.process = process
  }

  deinit { end() }

  /// Ends the process, if it has not ended itself.
  ///
  /// - Returns: what happened to it, after "the HDF5 library".
  @discardableResult
  func end() -> String {
    if let ending { return ending }
    stream.end()
    let status = chdf5_reader_end(process)
    let text: String
    switch status {
    case SIGXCPU: text = "computed for more than \(computingSeconds) s"
    case SIGKILL: text = "was ended from outside (out of memory?)"
    case 0: text = "gave up"
    default: text = "crashed (signal \(status))"
    }
    ending = text
    return text
  }

  private static func program() throws -> String {
    if isServing.withLock({ $0 }) { return "/proc/self/exe" }
    // A test: the program is built beside it.
    let places = [try? own(), CommandLine.arguments.first].compactMap { $0 }
    for place in places {
      guard let slash = place.lastIndex(of: "/") else { continue }
      let path = place[..<slash] + "/fcn-dist"
      if access(String(path), X_OK) == 0 { return String(path) }
    }
    throw Failure(.internalError, "there is no fcn-dist beside \(places.first ?? "this program")")
  }

  private static func own() throws -> String {
    var buffer = [CChar](repeating: 0, count: 4096)
    let length = readlink("/proc/self/exe", &buffer, buffer.count)
    guard length > 0 else { throw Failure(.internalError, systemErrorText()) }
    return String(decoding: buffer.prefix(length).map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  /// To be called first by a program that opens files: where another process of it asks, it answers until nobody asks
  /// any more, and ends.
  ///
  /// - Parameter arguments: of the command line, without the program.
  package static func serve(ifAskedBy arguments: [String]) {
    isServing.withLock { $0 = true }
    guard arguments.count == 4, arguments[0] == word, let memory = Int64(arguments[2]),
      let seconds = Int64(arguments[3])
    else { return }
    chdf5_reader_limit(memory, seconds)
    ReadingServer(path: arguments[1], stream: MessageStream(Int32(CHDF5_READER_DESCRIPTOR))).run()
    _exit(0)
  }
}
