// A moment to be called at. A timer that is put off, as deadlines mostly are, costs nothing: the
// event stays as it is armed and is armed again for the rest when it comes too early.

package import Primitives

/// A timer on the loop that fires once for each time that it is scheduled.
@Loop
package final class LoopTimer: EventOwner {
    private let handler: @Loop () -> Void
    private var deadline: Instant?
    /// When the event will fire, while it is armed.
    private var armed: Instant?
    private lazy var event = EventHandle(-1, 0, owner: self)

    /// A timer that calls `handler`, which should hold its owner weakly.
    package init(_ handler: @escaping @Loop () -> Void) { self.handler = handler }

    /// Calls the handler at `at`, or soon where that has passed, instead of when it was to be.
    ///
    /// `.never` cancels.
    package func schedule(at: Instant) {
        guard at != .never else { return cancel() }
        deadline = at
        if let armed, armed <= at { return }
        arm(for: at)
    }

    /// Does not call the handler any more.
    package func cancel() {
        deadline = nil
    }

    /// Whether the handler is still to be called.
    package var isScheduled: Bool { deadline != nil }

    private func arm(for at: Instant) {
        armed = at
        event.add(timeout: at - Loop.now)
    }

    func eventFired(_ what: Int32, on descriptor: Int32) {
        let due = armed
        armed = nil
        guard let deadline else { return }
        // One that was put off takes its place anew even if it is late by now, lest it overtake
        // others that are due before it.
        guard due == deadline, Loop.now >= deadline else { return arm(for: deadline) }
        self.deadline = nil
        handler()
    }
}
