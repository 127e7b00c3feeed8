// In how many stripes a node feeds others. Nobody knows a home line's upload beforehand, so it is
// learnt: what the line has shown to carry is the least, and how long live blocks wait here for
// their turn says whether it can be more. Knows no peers.

import Primitives

/// The number of stripe feeds that a node's upload carries.
struct FeedSlots: Sendable {
    /// Children are let go above this wait in seconds: it is what a hop further down the tree
    /// costs, and all below wait with them.
    ///
    /// Where the line is not busy they wait for something else (lost packets), and it is more
    /// than that hop.
    private var crowded: Double { isBusy ? 0.2 : 0.3 }
    /// Below this wait there is room for more: a copy's time on a busy line, else what four
    /// siblings wait for each other.
    private var calm: Double { isBusy ? 0.06 : 0.1 }
    /// The part of what the line has shown to carry that is promised: the rest is for newcomers,
    /// for what falls out, and for the line's own moods.
    private static let promised = 0.85
    /// The part that is not gone beyond while the line is busy: a feed takes a while to begin to
    /// flow, since its pieces are still to come, and nothing waits meanwhile.
    private static let most = 0.95

    /// The feeds that may be given.
    private(set) var count: Int
    /// What the line has shown to carry, in feeds, and what of it is promised; never lets go below
    /// that.
    private var carries = 0.0
    private var shown = 1
    /// Whether the line sends as much as it has shown to carry, or nearly.
    private var isBusy = false
    /// The running mean of waiting, in seconds, and when it last changed.
    private var mean = 0.0
    private var learntAt = Instant.zero
    private var changedAt = Instant.zero
    private var crowdedAt: Instant?
    /// Time that a change takes to show in the mean.
    private let pause = Interval.milliseconds(500)
    /// Once it has been too much, more is tried this seldom: each try that fails sends a child
    /// and all below it to look for another parent.
    private let caution = Interval.seconds(5)

    /// Begins with `initial` feeds.
    init(initial: Int) { count = initial }

    /// A live block has waited for its turn for so long.
    mutating func learn(_ waited: Interval, at now: Instant) {
        mean = wait(at: now)
        mean += (max(0, min(waited.seconds, 2)) - mean) / 12
        learntAt = now
    }

    /// The line has carried `feeds` feeds, newcomers' and all else counted in, and is busy with
    /// that now or is not.
    mutating func fit(_ feeds: Double, isBusy: Bool = false) {
        self.isBusy = isBusy
        carries = feeds
        shown = max(1, Int(min(feeds, 10_000) * Self.promised))
        count = max(count, shown)
    }

    /// The mean wait in seconds; while nothing is sent it fades, to a half in two seconds.
    func wait(at now: Instant) -> Double {
        let idle = (now - learntAt).seconds
        return idle < 1 ? mean : mean / (1 + idle / 2)
    }

    /// Whether one more feed can be given beyond the `used` ones; grows where all goes well.
    mutating func hasRoom(used: Int, at now: Instant) -> Bool {
        if used < count { return wait(at: now) < crowded }
        guard !isSpoken(for: used), wait(at: now) < calm, now - changedAt > pause,
            crowdedAt.map({ now - $0 > caution }) ?? true
        else { return false }
        count = used + 1
        changedAt = now
        return true
    }

    /// Whether the line carries all that it can, and `used` feeds will take that once they flow.
    private func isSpoken(for used: Int) -> Bool {
        isBusy && Double(used + 1) > carries * Self.most
    }

    /// Whether one of the `used` feeds is to be taken back; shrinks where it is.
    mutating func isCrowded(used: Int, at now: Instant) -> Bool {
        guard wait(at: now) > crowded, used > shown, now - changedAt > pause
        else { return false }
        count = max(shown, min(count, used) - 1)
        changedAt = now
        crowdedAt = now
        // What waited before says nothing of what will wait now.
        mean = crowded * 0.8
        return used > count
    }

    /// Whether nobody else should ask.
    func isFull(used: Int, at now: Instant) -> Bool {
        if used < count { return wait(at: now) > crowded }
        return isSpoken(for: used) || wait(at: now) > calm
            || crowdedAt.map({ now - $0 < caution }) ?? false
    }
}
