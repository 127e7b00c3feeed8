// What may be given of something beyond the ordinary: a token bucket. Knows no clock but the
// moments that it is told of.

import Primitives

/// Bytes that gather at a rate and are taken.
struct Allotment: Hashable, Sendable {
    private var tokens = 0.0
    private var filledAt: Instant?

    /// Takes `count` bytes if they are there, of what gathers at `rate` up to `depth` bytes; it
    /// begins full.
    ///
    /// As many as `rest` are to be left.
    mutating func take(
        _ count: Int, rate: ByteRate, depth: Int, leaving rest: Int = 0, at now: Instant
    ) -> Bool {
        let past = filledAt.map { (now - $0).seconds * rate.bytesPerSecond } ?? Double(depth)
        tokens = min(Double(depth), tokens + past)
        filledAt = now
        guard tokens >= Double(count) + Double(rest) else { return false }
        tokens -= Double(count)
        return true
    }

    /// Gives back what was taken and not used.
    mutating func giveBack(_ count: Int) { tokens += Double(count) }
}
