/// What the trainers do together at a boundary between steps: evaluate, write a checkpoint, and apply the result (best
/// model, early stop, plateau).
///
/// `StepBoundary.due` says when; `SharedCoordinator` does it on the trainers themselves, `RemoteCoordinator` hands it to a
/// rank that does nothing else (`DedicatedCoordinator`); `RunRecorder` writes the checkpoints.
///
/// - Important: `handle` is collective over the trainers.
package protocol Coordinator: AnyObject {
  var policy: ValidationPolicy { get }
  func handle(_ boundary: StepBoundary) throws
}
