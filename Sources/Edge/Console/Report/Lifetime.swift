// From the start of a long-running command to its end: signals, and the patience with whoever
// takes long to stop.

import Glibc
import Primitives
package import Reactor

/// The life of a command that runs until somebody ends it.
///
/// `untilOver` begins it and returns when `finish` was called. The first SIGINT, SIGTERM or SIGHUP
/// calls `stop`, which is to call `finish` in the end; a second one ends the process at once.
@Loop
package final class Lifetime {
    /// How long stopping may take: 3 s is what people and service managers are promised.
    private static let patience = Interval.milliseconds(3000)

    /// Within this time a second signal is the echo of the first: timeout(1) and others signal
    /// the process and its group at once, and nobody presses Ctrl-C twice as fast.
    private static let echo = Interval.milliseconds(250)

    private var continuation: CheckedContinuation<Complaint?, Never>?
    private var signals: SignalSource?
    private var stoppingSince: Instant?
    private lazy var limit = LoopTimer { [weak self] in self?.finish(nil) }

    /// A life that has not begun.
    package init() {}

    /// Begins with `start`, and returns what ended it, or nil where all is well.
    package func untilOver(
        stop: @escaping @Loop () -> Void, start: @Loop () -> Void
    ) async -> Complaint? {
        signals = SignalSource([SIGINT, SIGTERM, SIGHUP]) { [weak self] signal in
            self?.signalled(signal, stop)
        }
        return await withCheckedContinuation { continuation in
            self.continuation = continuation
            start()
        }
    }

    /// Ends it; only the first call counts.
    package func finish(_ complaint: Complaint?) {
        limit.cancel()
        signals?.close()
        continuation?.resume(returning: complaint)
        continuation = nil
    }

    /// Stops as the first signal does.
    package func beginStop(_ stop: @Loop () -> Void) {
        guard stoppingSince == nil else { return }
        stoppingSince = Loop.now
        limit.schedule(at: Loop.now + Self.patience)
        stop()
    }

    private func signalled(_ signal: Int32, _ stop: @Loop () -> Void) {
        guard let stoppingSince else { return beginStop(stop) }
        // Not exit(3): what hangs may be what exit would wait for.
        if Loop.now - stoppingSince >= Self.echo { _exit(128 + signal) }
    }
}
