import Basics
import Commands
import Testing

private func outcome(_ arguments: String) -> CommandLineSession.Outcome {
  CommandLineSession(arguments: arguments.split(separator: " ").map(String.init)).outcome()
}

@Suite struct CommandLineTests {
  static let commands = [
    "train", "evaluate", "predict", "dataset import", "dataset synthesize", "dataset verify", "dataset show",
    "checkpoint show", "checkpoint verify", "checkpoint digest", "checkpoint diff", "checkpoint export",
    "checkpoint import", "benchmark step", "benchmark exchange", "benchmark loader", "benchmark checkpoint", "doctor",
    "report",
  ]

  @Test(arguments: commands) func helpHasAnExampleAndFitsATerminal(command: String) throws {
    guard case .text(let text) = outcome("\(command) --help") else {
      Issue.record("no help")
      return
    }
    #expect(text.contains("USAGE: fcn-dist \(command)"))
    #expect(text.contains("\n  fcn-dist \(command)") || text.contains("\nfcn-dist \(command)"))
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    // Usage lines may be longer than a terminal is wide.
    for line in lines where !line.contains("fcn-dist") { #expect(line.count <= 80, "\(line)") }
    // An example that was wrapped cannot be copied from the screen.
    for (line, next) in zip(lines, lines.dropFirst()) where line.hasPrefix("  ") && line.contains("fcn-dist ") {
      #expect(next.isEmpty || next.hasPrefix("  "), "\(line)\n\(next)")
    }
  }

  @Test func versionAndOverview() {
    #expect(outcome("--version") == .text(ToolVersion.text))
    guard case .text(let text) = outcome("") else {
      Issue.record("no help")
      return
    }
    for command in Self.commands { #expect(text.contains("\n  \(command.split(separator: " ")[0]) ")) }
  }

  @Test(arguments: [
    ("trian", "there is no command 'fcn-dist trian'; did you mean 'fcn-dist train'?"),
    ("xyzzy", "there is no command 'fcn-dist xyzzy'; see 'fcn-dist --help'"),
    ("dataset verfy x", "there is no command 'fcn-dist dataset verfy'; did you mean 'fcn-dist dataset verify'?"),
    ("train --confg x", "Unknown option '--confg'. Did you mean '--config'?; see 'fcn-dist train --help'"),
    ("train --config", "Missing value for '--config <file>'; see 'fcn-dist train --help'"),
    ("train --threads 0", "--threads must be in 1 … 4096, found 0; see 'fcn-dist train --help'"),
    ("train --threads many", "The value 'many' is invalid for '--threads <number>'"),
    ("train --backend cuda", "The value 'cuda' is invalid for '--backend <backend>'"),
    ("train --init a --resume b", "--init and --resume FILE cannot both give the parameters"),
    ("evaluate --data x", "Missing expected argument '--checkpoint <file>' or '--predictions <folder>'"),
    ("evaluate --data x --checkpoint a --predictions b", "--predictions goes without --checkpoint"),
    ("predict --checkpoint x", "There is nothing to predict: give images, or --data"),
    ("predict --checkpoint x --data d a.png", "Give images or --data, not both"),
    ("dataset show", "Missing expected argument '<folder>'"),
    ("dataset import pascal a --output b", "The value 'pascal' is invalid for '<layout>'"),
    ("dataset import camvid a --output b --classes x,y", "--classes is for 'folder'"),
    ("dataset verify a b", "Unexpected argument 'b'; see 'fcn-dist dataset verify --help'"),
  ])
  func saysWhatIsWrongInOneLine(arguments: String, expected: String) {
    guard case .failure(let failure) = outcome(arguments) else {
      Issue.record("it is accepted")
      return
    }
    #expect(failure.kind == .usage)
    #expect(failure.description.contains(expected), "\(failure)")
    #expect(!failure.description.contains("\n"))
  }

  /// Whatever is typed, it ends in one of the three ways; nothing of this reaches a command that does something.
  @Test func randomArgumentsNeverTrap() {
    var random = Philox(seed: 3, purpose: .test, stream: 5)
    let words = [
      "train", "dataset", "show", "--help", "-h", "--", "-", "--set", "a=b", "--config", "", "é", "--version", "help",
      "checkpoint", "diff", "\0", "--threads", "-1", "9999999999999999999999", "--output=", "=", "--no-such", "report",
    ]
    for _ in 0..<2000 {
      var arguments = (0...random.next(below: 5)).map { _ in words[Int(random.next(below: UInt32(words.count)))] }
      // What would start MPI or write files here must not run.
      if arguments.first == "train" || arguments.first == "" { arguments.append("--no-such-option") }
      guard case .failure(let failure) = CommandLineSession(arguments: arguments).outcome() else { continue }
      #expect(!failure.message.isEmpty)
    }
  }
}
