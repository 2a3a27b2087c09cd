/// What the trainers do together at an event: evaluate, write a checkpoint, learn what the evaluations mean.
///
/// - Important: `settle` is collective over the trainers.
package protocol Coordinator: AnyObject {
  var steering: Steering { get }
  func settle(_ event: Event) throws
}
