import Basics

/// Switches of the transport, from the environment; meant for tests and for looking into a broken cluster.
package struct TransportSettings: Sendable, Equatable {
  /// `FCN_DIST_MPI_PIECE`: most bytes that one MPI call is given; MPI-3.1 counts in 32 bits.
  package var pieceByteCount = 1 << 30
  /// `FCN_DIST_CHECK_COLLECTIVES=1`: before each collective the ranks tell each other what they are about to do, and
  /// stop with both sides' words where they differ.
  package var checksCollectives = false
  /// `FCN_DIST_RANKS_PER_MACHINE`: takes a machine for several of that many ranks each; 0: takes it for what it is.
  package var ranksPerMachine = 0

  package init() {}

  /// The settings of the environment variables.
  ///
  /// - Throws: `Failure(.usage)` that names the variable.
  package static func fromEnvironment() throws -> TransportSettings {
    var settings = TransportSettings()
    settings.pieceByteCount = try ProcessEnvironment.integer("FCN_DIST_MPI_PIECE", default: 1 << 30, in: 8...1 << 30)
    settings.checksCollectives =
      try ProcessEnvironment.integer("FCN_DIST_CHECK_COLLECTIVES", default: 0, in: 0...1) == 1
    settings.ranksPerMachine = try ProcessEnvironment.integer("FCN_DIST_RANKS_PER_MACHINE", default: 0, in: 0...65536)
    return settings
  }
}
