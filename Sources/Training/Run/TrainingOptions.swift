import Collectives

/// What a training is told besides its configuration.
package struct TrainingOptions: Sendable {
  /// Whether a run goes on from a checkpoint, and from which.
  package enum Resume: Equatable, Sendable {
    /// A new training in a folder without checkpoints.
    case never
    /// From the newest good checkpoint in the run's folder, or from the beginning where there is none.
    case auto
    case file(String)
  }

  package var dataFolder: String
  package var outputFolder: String
  /// A file whose parameters the training starts from as far as they fit.
  package var initialise: String?
  /// Begin from such a file even where no convolution of the backbone fits.
  package var acceptsAnyInitialisation = false
  package var resume: Resume
  package var loaderThreads: Int
  /// nil: no watchdog.
  package var watchdog: Watchdog.Settings?
  /// As the user typed it, for the run's report.
  package var commandLine: String
  /// Versions of libraries that only the program knows, by name: "mpi".
  package var libraries: [String: String]
  /// What a test wants to go wrong.
  package var faults: InjectedFaults

  package init(
    dataFolder: String, outputFolder: String, initialise: String? = nil, resume: Resume = .never,
    loaderThreads: Int = 1, watchdog: Watchdog.Settings? = nil, commandLine: String = "",
    libraries: [String: String] = [:], faults: InjectedFaults = .none
  ) {
    self.dataFolder = dataFolder
    self.outputFolder = outputFolder
    self.initialise = initialise
    self.resume = resume
    self.loaderThreads = loaderThreads
    self.watchdog = watchdog
    self.commandLine = commandLine
    self.libraries = libraries
    self.faults = faults
  }
}
