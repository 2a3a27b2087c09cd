/// What the trainers do together at a boundary between steps: evaluate, write a checkpoint, learn what the evaluations
/// mean.
///
/// - Important: `handle` is collective over the trainers.
package protocol Coordinator: AnyObject {
  var policy: ValidationPolicy { get }
  func handle(_ boundary: StepBoundary) throws
}
