import Basics
import CMPI

/// All MPI handles of the process that are not freed yet.
///
/// Freeing one is collective, so an owner that disappears (at a time of Swift's choosing, which differs between ranks)
/// only retires its handle here; it is freed where all ranks come by: at the next allocation of the same group, or at
/// the end.
final class HandleTable: Sendable {
  struct Window {
    let handle: cmpi_window
    /// Windows are freed by the group that made them.
    let group: Int
    var isRetired: Bool
  }

  private struct State {
    var communicators: [(number: Int, handle: cmpi_communicator)] = []
    var windows: [(number: Int, window: Window)] = []
    var next = 0
  }

  private let state = Monitor(State())

  func add(_ communicator: cmpi_communicator) -> Int {
    state.withLock { state in
      state.next += 1
      state.communicators.append((state.next, communicator))
      return state.next
    }
  }

  func add(_ window: cmpi_window, group: Int) -> Int {
    state.withLock { state in
      state.next += 1
      state.windows.append((state.next, Window(handle: window, group: group, isRetired: false)))
      return state.next
    }
  }

  /// The owner of a window is gone.
  func retireWindow(_ number: Int) {
    state.withLock { state in
      guard let index = state.windows.firstIndex(where: { $0.number == number }) else { return }
      state.windows[index].window.isRetired = true
    }
  }

  /// Windows of a group, in the order in which all its ranks made them.
  func windows(ofGroup group: Int) -> [(number: Int, window: Window)] {
    state.withLock { $0.windows.filter { $0.window.group == group } }
  }

  /// Frees a window. Collective.
  func freeWindow(_ number: Int) throws {
    let removed = state.withLock { state in
      state.windows.firstIndex { $0.number == number }.map { state.windows.remove(at: $0) }
    }
    guard let removed else { return }
    try MPIStatus.check(cmpi_window_free(removed.window.handle), "freeing a shared window")
  }

  /// Frees a communicator. Collective.
  func freeCommunicator(_ number: Int) throws {
    let removed = state.withLock { state in
      state.communicators.firstIndex { $0.number == number }.map { state.communicators.remove(at: $0) }
    }
    guard let removed else { return }
    try MPIStatus.check(cmpi_free(removed.handle), "freeing a communicator")
  }

  /// Frees everything, in the order of its making: as that is the same for all ranks of each handle, none waits for a
  /// rank that waits for another. Collective.
  func freeAll() throws {
    for entry in state.withLock({ $0.windows }) { try freeWindow(entry.number) }
    for entry in state.withLock({ $0.communicators }) { try freeCommunicator(entry.number) }
  }

  var liveCommunicatorCount: Int { state.withLock { $0.communicators.count } }
  var liveWindowCount: Int { state.withLock { $0.windows.count } }
}
