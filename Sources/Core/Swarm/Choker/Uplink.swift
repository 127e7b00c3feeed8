// How much may be under way on the own uplink. A line's queue is the modem's, and what waits
// there cannot be re-ordered any more: so only as much is handed out as the line carries, and the
// rest waits here. Learns from round trips (as LEDBAT, RFC 6817, does) and knows no sockets.

import Primitives

/// The budget of bytes under way, over all connections.
struct Uplink: Sendable {
    /// Bounds in bytes: two blocks keep a slow line busy; 4 MiB fill a fast one.
    private let bounds = 40_960.0...4_194_304.0
    private let target: Interval
    private let limit: ByteRate?
    private var budget: Double
    private var adjustedAt = Instant.zero
    private var tokens = 0.0
    private var filledAt: Instant?

    /// Starts with `initial` bytes; `target` is the queueing delay aimed at.
    init(initial: Int, target: Interval, limit: ByteRate?) {
        budget = Double(initial)
        self.target = target
        self.limit = limit
    }

    /// Bytes that may be under way.
    var inFlight: Int { Int(budget) }

    /// Learns from a round trip that is `queueing` longer than the shortest seen.
    ///
    /// `wanted` says whether more was waiting to go: a budget that is not used is not raised.
    mutating func learn(queueing: Interval, wanted: Bool, at now: Instant) {
        guard now - adjustedAt >= .milliseconds(50) else { return }
        adjustedAt = now
        if queueing > target {
            budget *= queueing > target * 3 ? 0.8 : 0.93
        } else if wanted {
            budget += 8192
        }
        budget = min(max(budget, bounds.lowerBound), bounds.upperBound)
    }

    /// When `count` bytes may go under the rate limit: now, or the moment to ask again.
    ///
    /// The bucket holds a quarter of a second, so that the limit is kept over any second.
    mutating func admit(_ count: Int, at now: Instant) -> Instant? {
        guard let limit else { return nil }
        let rate = limit.bytesPerSecond
        let full = max(rate / 4, Double(count))
        tokens = min(full, tokens + rate * (filledAt.map { (now - $0).seconds } ?? 1))
        filledAt = now
        if tokens >= Double(count) {
            tokens -= Double(count)
            return nil
        }
        return now + .seconds((Double(count) - tokens) / max(rate, 1)) + .milliseconds(1)
    }

    /// Gives back what was admitted and not sent.
    mutating func giveBack(_ count: Int) { tokens += Double(count) }
}
