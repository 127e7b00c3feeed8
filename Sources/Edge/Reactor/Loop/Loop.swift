// The one event loop of the process as a global actor, and its clocks.
// What is isolated to Loop runs on the loop's thread; a C callback of libevent enters with
// `assumeIsolated` and needs no `await`. The thread itself is LoopThread.

import CLibevent
import Glibc
package import Primitives

/// The event loop: everything that touches sockets, and the core, runs on it.
@globalActor
package actor Loop {
    /// The loop of this process, whose thread starts with the first use.
    package static let shared = Loop()

    nonisolated let thread = LoopThread()

    package nonisolated var unownedExecutor: UnownedSerialExecutor {
        thread.asUnownedSerialExecutor()
    }

    /// Runs `body` on the spot, which the caller knows to be the loop's thread.
    ///
    /// This is how a C callback enters the loop's isolation. Traps on any other thread.
    package static func assumeIsolated<T>(_ body: @Loop () throws -> T) rethrows -> T {
        shared.thread.checkIsolated()
        // The isolation is not part of a function's representation: MainActor.assumeIsolated
        // is written in the same way.
        return try withoutActuallyEscaping(body) { isolated throws -> T in
            try unsafeBitCast(isolated, to: (() throws -> T).self)()
        }
    }

    /// The monotonic time (CLOCK_MONOTONIC).
    package static nonisolated var now: Instant {
        let time = read(CLOCK_MONOTONIC)
        return Instant(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
    }

    /// The wall clock, which may step (CLOCK_REALTIME): for records and people only.
    package static nonisolated var wallNow: WallTime {
        let time = read(CLOCK_REALTIME)
        let seconds = UInt64(max(0, time.tv_sec))
        return WallTime(microseconds: seconds * 1_000_000 + UInt64(time.tv_nsec / 1000))
    }

    private static nonisolated func read(_ clock: clockid_t) -> timespec {
        var time = timespec()
        clock_gettime(clock, &time)
        return time
    }

    /// The libevent base, for what is isolated to the loop.
    @Loop static var base: OpaquePointer { shared.thread.base }

    /// Calls `turnEnded` of `object` once all callbacks of this turn have run.
    @Loop static func atEndOfTurn(_ object: any TurnEndObserver) {
        shared.thread.atEndOfTurn(object)
    }
}

/// Something that has work to do once at the end of a turn of the loop.
@Loop
protocol TurnEndObserver: AnyObject {
    /// The callbacks of this turn have all run.
    func turnEnded()
}
