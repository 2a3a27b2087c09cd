import Basics
import Collectives

/// What this process knows about its job before, or without, talking to the others.
enum Launch {
  /// The rank that the launcher gave this process; 0 without a launcher.
  static var rank: Int { first(of: ["OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK"]) ?? 0 }
  static var isFirstProcess: Bool { rank == 0 }

  /// How many processes the launcher started; 1 without a launcher.
  static var size: Int { first(of: ["OMPI_COMM_WORLD_SIZE", "PMI_SIZE"]) ?? 1 }

  /// Runs `body` in one process of the job: the others have nothing to do and end well.
  static func inFirstProcess(_ body: () throws -> Void) rethrows {
    if isFirstProcess { try body() }
  }

  /// The threads of a process that works alone: what the environment says, else the processors that it may use.
  static var threads: Int { ThreadPlan.requestedThreadCount ?? Affinity.current().threadCount }

  /// The command as it was typed, for people and for shells.
  static var commandLine: String {
    shellText(["fcn-dist"] + CommandLine.arguments.dropFirst())
  }

  /// A command as a shell takes it: words with blanks and the like are quoted.
  static func shellText(_ words: [String]) -> String {
    words.map { word in
      let isPlain = !word.isEmpty && word.utf8.allSatisfy { plainBytes.contains($0) }
      return isPlain ? word : "'" + word.replacing("'", with: "'\\''") + "'"
    }.joined(separator: " ")
  }

  private static let plainBytes = Set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./=:,@%+".utf8)

  private static func first(of names: [String]) -> Int? {
    for name in names {
      if let value = ProcessEnvironment.string(name).flatMap({ Int($0) }) { return value }
    }
    return nil
  }
}
