// The most that this node sends, kept over any second: a bucket of tokens that holds little, and
// a debt for what cannot wait. Knows no messages and no peers.

import Primitives

/// A bound on what leaves, in bytes on the line.
struct RateLimit: Sendable {
    /// What the bucket fills with, in bytes a second, and what it holds.
    private var fill: Double
    private var depth: Double
    private let unit: Int
    private var tokens: Double
    private var filledAt: Instant?

    /// The share of a second that may be made up for: timers fire a millisecond or several late.
    private static let slack = 0.02
    /// The deepest debt, in seconds: the messages that cannot wait are soon paid for, or more than
    /// the limit, and then nothing else goes for as long as they are.
    private static let deepest = 5.0

    /// A bound of `rate`, under which units of `unit` bytes leave.
    ///
    /// The bucket holds a unit and 20 ms of the rate, and fills by as much less: in any second no
    /// more leaves than the rate and one unit, in the first second too.
    init(_ rate: ByteRate, unit: Int) {
        self.unit = unit
        (fill, depth) = Self.measures(rate, unit)
        tokens = depth
    }

    private static func measures(_ rate: ByteRate, _ unit: Int) -> (fill: Double, depth: Double) {
        (max(1, rate.bytesPerSecond * (1 - slack)), Double(unit) + rate.bytesPerSecond * slack)
    }

    /// The bound is `rate` from now on.
    ///
    /// What is owed stays, and what has gathered as far as the bucket holds it. So bounds that
    /// change and always have the same sum keep to that sum together, with a unit for each.
    mutating func change(to rate: ByteRate, at now: Instant) {
        refill(now)
        (fill, depth) = Self.measures(rate, unit)
        tokens = min(tokens, depth)
    }

    /// What `count` bytes of a connection are on the line, with the headers of IP and TCP.
    static func onLine(_ count: Int) -> Int {
        // 1,448 bytes fit into a packet of 1,500 beside headers with time stamps (RFC 7323).
        count + (count + 1447) / 1448 * 52
    }

    /// When `count` bytes may leave: now, and they are then taken, or the moment to ask again.
    mutating func admit(_ count: Int, at now: Instant) -> Instant? {
        refill(now)
        let missing = min(Double(count), depth) - tokens
        guard missing > 0 else {
            tokens -= Double(count)
            return nil
        }
        return now + .seconds(missing / fill) + .microseconds(1)
    }

    /// Takes `count` bytes that leave whatever the limit says: the units wait for them.
    mutating func charge(_ count: Int, at now: Instant) {
        refill(now)
        // A debt from a time of another rate may be deeper.
        tokens = min(tokens, max(tokens - Double(count), -fill * Self.deepest))
    }

    /// Gives back what was admitted and not sent.
    mutating func giveBack(_ count: Int) { tokens = min(depth, tokens + Double(count)) }

    private mutating func refill(_ now: Instant) {
        let past = filledAt.map { (now - $0).seconds } ?? 0
        tokens = min(depth, tokens + fill * past)
        filledAt = now
    }
}
