// Signals of the operating system, delivered on the loop.

import CLibevent

/// Calls a handler on the loop when the process gets one of certain signals.
///
/// While it lives the signals do not have their usual effect.
@Loop
package final class SignalSource: EventOwner {
    private let handler: @Loop (Int32) -> Void
    private var events: [EventHandle] = []

    /// Watches for the signals numbered `signals`, such as SIGTERM.
    package init(_ signals: [Int32], handler: @escaping @Loop (Int32) -> Void) {
        self.handler = handler
        events = signals.map { EventHandle($0, EV_SIGNAL | EV_PERSIST, owner: self) }
        for event in events { event.add() }
    }

    /// Gives the signals their usual effect again.
    package func close() {
        for event in events { event.free() }
        events = []
    }

    func eventFired(_ what: Int32, on descriptor: Int32) { handler(descriptor) }
}
