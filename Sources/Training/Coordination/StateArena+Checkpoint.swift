import Basics
import Checkpoints
import Exchange
import Model

extension StateArena {
  /// The parameters as a checkpoint has them; they are read from the arena when they are written.
  package var parameterTensors: [CheckpointTensor] { Self.tensors(of: table.parameters, in: master) }

  /// The optimizer's state as a checkpoint has it.
  package var checkpointOptimizerState: [CheckpointOptimizerState] {
    optimizerState.map {
      CheckpointOptimizerState(name: $0.name, tensors: Self.tensors(of: updatedParameters, in: $0.values))
    }
  }

  /// Those that the optimizer has a state for.
  private var updatedParameters: [Parameter] { table.parameters.filter(\.isUpdated) }

  private static func tensors(
    of parameters: [Parameter], in arena: UnsafeMutablePointer<Float>
  ) -> [CheckpointTensor] {
    parameters.map { parameter in
      CheckpointTensor(name: parameter.name, shape: parameter.canonicalShape) { buffer in
        if let base = buffer.baseAddress { parameter.exportCanonical(from: arena, into: base) }
      }
    }
  }

  /// Takes the parameters and the optimizer's state of a checkpoint.
  ///
  /// - Parameter path: of the checkpoint, for people.
  /// - Throws: `Failure(.badData)` where something is missing or has another shape than here.
  package func fill(from state: CheckpointState, path: String) throws {
    try Self.fill(table.parameters, in: master, from: state.parameters, what: "parameters", path: path)
    // What a file has no average of has never changed, or is averaged from now on.
    average?.update(from: master, count: table.floatCount)
    for moment in optimizerState {
      guard let stored = state.optimizerState.first(where: { $0.name == moment.name }) else {
        if moment.name == ParameterStore.averageName { continue }
        throw Failure(.badData, "\(path) holds no \(moment.name) of the optimizer")
      }
      try Self.fill(updatedParameters, in: moment.values, from: stored.tensors, what: moment.name, path: path)
    }
  }

  private static func fill(
    _ parameters: [Parameter], in arena: UnsafeMutablePointer<Float>, from tensors: [CheckpointTensor], what: String,
    path: String
  ) throws {
    let byName = Dictionary(tensors.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    for parameter in parameters {
      guard let tensor = byName[parameter.name] else {
        throw Failure(.badData, "\(path) has no \(what) for \(parameter.name)")
      }
      guard tensor.shape == parameter.canonicalShape else {
        throw Failure(
          .badData,
          "\(path): \(what) of \(parameter.name) has shape \(tensor.shape), the model has "
            + "\(parameter.canonicalShape)")
      }
      try tensor.withValues { if let base = $0.baseAddress { parameter.importCanonical(base, into: arena) } }
    }
  }
}
