// One event of libevent: a descriptor, a timeout or a signal that is waited for.
// The handle does not keep its owner alive, and an owner that is going away is not called.

import CLibevent
import Glibc
import Primitives

/// Whoever waits for events.
@Loop
protocol EventOwner: AnyObject {
    /// What was waited for has happened; `what` holds EV_READ, EV_WRITE, EV_TIMEOUT or EV_SIGNAL.
    func eventFired(_ what: Int32, on descriptor: Int32)
}

/// A libevent event that calls its owner.
@Loop
final class EventHandle {
    private var raw: OpaquePointer?
    private weak var owner: (any EventOwner)?
    /// Whether the event is being waited for; one that is not persistent ends by firing.
    private(set) var isActive = false
    private let isPersistent: Bool

    /// An event on `descriptor` (a signal's number, or -1 for a timeout), not yet waited for.
    init(_ descriptor: Int32, _ what: Int32, owner: any EventOwner) {
        self.owner = owner
        isPersistent = what & EV_PERSIST != 0
        raw = event_new(
            Loop.base, descriptor, Int16(what),
            { descriptor, what, context in
                guard let context else { return }
                Loop.assumeIsolated {
                    Unmanaged<EventHandle>.fromOpaque(context).takeUnretainedValue()
                        .fired(Int32(what), on: descriptor)
                }
            }, Unmanaged.passUnretained(self).toOpaque())
    }

    isolated deinit { free() }

    /// Begins to wait; for a time only, where one is given.
    func add(timeout: Interval? = nil) {
        guard let raw else { return }
        guard let timeout else {
            if !isActive { event_add(raw, nil) }
            isActive = true
            return
        }
        // Rounded up to the microsecond, so as not to fire early.
        let microseconds = max(0, timeout.nanoseconds / 1000) + 1
        var time = timeval(
            tv_sec: Int(microseconds / 1_000_000), tv_usec: Int(microseconds % 1_000_000))
        // libevent counts from the time at which it last looked: look again, or timers that are
        // set late in a turn would overtake others.
        event_base_update_cache_time(Loop.base)
        event_add(raw, &time)
        isActive = true
    }

    /// Makes the event fire within this turn, after what is already due.
    func activate() {
        guard let raw else { return }
        event_active(raw, 0, 0)
    }

    /// Ceases to wait.
    func remove() {
        guard let raw, isActive else { return }
        event_del(raw)
        isActive = false
    }

    /// Ends the event for good, which must come before its descriptor is closed.
    func free() {
        guard let raw else { return }
        event_free(raw)
        self.raw = nil
        isActive = false
    }

    private func fired(_ what: Int32, on descriptor: Int32) {
        if !isPersistent { isActive = false }
        owner?.eventFired(what, on: descriptor)
    }
}
