// In how many stripes a node feeds others. Nobody knows a home line's upload beforehand, so it is
// learnt from how long live blocks wait here for their turn. Knows no peers.

import Primitives

/// The number of stripe feeds that a node's upload carries.
struct FeedSlots: Sendable {
    /// Children are let go above this wait: it is more than a hop further down the tree costs.
    static let crowded = 0.3
    /// Below this wait there is room for more: it is what four siblings wait for each other.
    static let calm = 0.1

    /// The feeds that may be given.
    private(set) var count: Int
    /// The running mean of waiting, in seconds.
    private(set) var wait = 0.0
    private var changedAt = Instant.zero
    private var crowdedAt: Instant?
    /// Time that a change takes to show in the mean.
    private let pause = Interval.milliseconds(500)
    /// Once it has been too much, more is tried this seldom: each try that fails sends a child
    /// and all below it to look for another parent.
    private let caution = Interval.seconds(15)

    /// Begins with `initial` feeds.
    init(initial: Int) { count = initial }

    /// A live block has waited for its turn for so long.
    mutating func learn(_ waited: Interval) {
        wait += (max(0, min(waited.seconds, 2)) - wait) / 12
    }

    /// Whether one more feed can be given beyond the `used` ones; grows where all goes well.
    mutating func hasRoom(used: Int, at now: Instant) -> Bool {
        if used < count { return wait < Self.crowded }
        guard wait < Self.calm, now - changedAt > pause,
            crowdedAt.map({ now - $0 > caution }) ?? true
        else { return false }
        count = used + 1
        changedAt = now
        return true
    }

    /// Whether one of the `used` feeds is to be taken back; shrinks where it is.
    mutating func isCrowded(used: Int, at now: Instant) -> Bool {
        guard wait > Self.crowded, used > 0, now - changedAt > pause else { return false }
        count = max(1, min(count, used) - 1)
        changedAt = now
        crowdedAt = now
        return used > count
    }

    /// Whether nobody else should ask.
    func isFull(used: Int, at now: Instant) -> Bool {
        if used < count { return wait > Self.crowded }
        return wait > Self.calm || crowdedAt.map({ now - $0 < caution }) ?? false
    }
}
