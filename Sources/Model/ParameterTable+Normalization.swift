import Basics

extension ParameterTable {
  /// Refuses variances that a frozen normalisation cannot divide by.
  ///
  /// - Parameters:
  ///   - epsilon: what is added to them.
  ///   - path: where the parameters are from.
  package func checkNormalizations(in master: UnsafePointer<Float>, epsilon: Float, path: String) throws {
    for parameter in parameters where parameter.kind == .normalization && parameter.name.hasSuffix("running_var") {
      let variances = parameter.exportCanonical(from: master)
      guard let place = variances.firstIndex(where: { !($0 + epsilon > 0) }) else { continue }
      throw Failure(
        .badData,
        "\(path): value \(place) of \(parameter.name) is a variance of \(variances[place]), which nothing can be "
          + "divided by", remedy: epsilon > 0 ? nil : "set model.batch_norm_epsilon to 1e-5")
    }
  }
}
