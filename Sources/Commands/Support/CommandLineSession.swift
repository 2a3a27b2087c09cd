import ArgumentParser
import Basics
import Storage
import Training
import TrainingConfiguration

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// One use of the command line: the arguments become a command, what it throws becomes a line and an exit code.
package struct CommandLineSession {
  package let arguments: [String]

  package init(arguments: [String]) { self.arguments = arguments }

  /// Runs the command line and ends the process with its exit code.
  package func run() -> Never {
    switch outcome() {
    case .text(let text):
      if Launch.isFirstProcess { Output.write(text) }
      exit(0)
    case .failure(let failure):
      // The launcher started every process with the same arguments: one of them says what is wrong.
      if Launch.isFirstProcess || failure.kind != .usage { Diagnostic.line(Diagnostic.errorLine(failure)) }
      exit(failure.exitCode)
    case .done: exit(0)
    }
  }

  /// How a command line ended.
  package enum Outcome: Equatable {
    case done
    /// A help text or the version, asked for.
    case text(String)
    case failure(Failure)
  }

  /// Runs the command line without ending the process.
  package func outcome() -> Outcome {
    do {
      var command = try FCNDist.parseAsRoot(arguments)
      try command.run()
      return .done
    } catch let failure as Failure {
      return .failure(failure)
    } catch {
      if FCNDist.exitCode(for: error) == .success { return .text(FCNDist.fullMessage(for: error)) }
      guard FCNDist.exitCode(for: error) == .validationFailure else {
        return .failure(Failure(.internalError, FCNDist.message(for: error)))
      }
      return .failure(usageFailure(error))
    }
  }

  private func usageFailure(_ error: any Error) -> Failure {
    if let unknown = unknownCommand { return unknown }
    let lines = FCNDist.message(for: error).split(whereSeparator: \.isNewline).map { $0.drop { $0 == " " } }
    return Failure(.usage, lines.joined(separator: " "), remedy: "see '\(command) --help'")
  }

  /// The command that the arguments name, as far as they name one.
  private var command: String { (["fcn-dist"] + path.names).joined(separator: " ") }

  private var path: (names: [String], commands: [any ParsableCommand.Type]) {
    var names: [String] = []
    var commands = FCNDist.configuration.subcommands
    for argument in arguments {
      guard let next = commands.first(where: { $0._commandName == argument }) else { break }
      names.append(argument)
      commands = next.configuration.subcommands
    }
    return (names, commands)
  }

  /// A word where a command should stand.
  private var unknownCommand: Failure? {
    let (names, commands) = path
    guard !commands.isEmpty, names.count < arguments.count, !arguments[names.count].hasPrefix("-") else { return nil }
    let word = arguments[names.count]
    let nearest = Spelling.nearest(to: word, among: commands.map { $0._commandName })
    let remedy = nearest.map { "did you mean '\((["fcn-dist"] + names + [$0]).joined(separator: " "))'?" }
    return Failure(
      .usage, "there is no command '\((["fcn-dist"] + names + [word]).joined(separator: " "))'",
      remedy: remedy ?? "see '\(command) --help'")
  }
}

/// Runs the command that the process's arguments name and ends the process with its exit code.
package func runCommandLine() -> Never {
  let arguments = Array(CommandLine.arguments.dropFirst())
  ReaderProcess.serve(ifAskedBy: arguments)
  // A file that reaches the limit of its size (ulimit -f) is an error to be said, not a reason to die.
  signal(SIGXFSZ, SIG_IGN)
  CommandLineSession(arguments: arguments).run()
}
