/// One way to train the same network: by how many ranks, in which roles, over which memory, with or without an accident.
struct ExactnessCase {
  /// Ranks; 0 is one process without a launcher.
  var ranks: Int
  var coordinator = "shared"
  var exchange = "auto"
  /// Ranks that are taken to share a machine's memory; nil: those that do.
  var ranksPerMachine: Int?
  /// Rank 0 is killed in the 8th step, and as many other ranks resume.
  var resumingRanks: Int?

  var name: String {
    guard ranks > 0 else { return "one process, no launcher" }
    var words = ["\(ranks) rank\(ranks == 1 ? "" : "s")"]
    if coordinator == "dedicated" { words.append("one of them evaluating") }
    if exchange == "allreduce" { words.append("all-reduce") }
    if let ranksPerMachine { words.append("as on \((ranks + ranksPerMachine - 1) / ranksPerMachine) machines") }
    if let resumingRanks { words.append("killed, resumed by \(resumingRanks)") }
    return words.joined(separator: ", ")
  }

  /// The first is what the others are compared with.
  static func matrix(all: Bool) -> [ExactnessCase] {
    let counts = all ? [1, 2, 3, 4, 5, 7, 8] : [1, 2, 3, 4]
    var cases = [ExactnessCase(ranks: 0)]
    cases += counts.map { ExactnessCase(ranks: $0) }
    cases += counts.filter { $0 > 1 }.map { ExactnessCase(ranks: $0, coordinator: "dedicated") }
    cases += (all ? [2, 3, 4, 8] : [2, 4]).map { ExactnessCase(ranks: $0, exchange: "allreduce") }
    cases += [(3, 1), (4, 2)].map { ExactnessCase(ranks: $0.0, ranksPerMachine: $0.1) }
    cases += [(2, 3), (4, 1)].map { ExactnessCase(ranks: $0.0, resumingRanks: $0.1) }
    return cases
  }
}
