// When a neighbour's player will need a piece. Nobody says so: it is told from what the neighbour
// asks for when it comes. A pure function of plain values.

import Primitives

/// What can be told of a neighbour's player.
enum Need {
    /// The lag of a player of which nothing is known: it was there before us.
    static let usualLag = Interval.milliseconds(1500)
    /// A neighbour's first requests, in which its player's place shows, come within this time.
    static let beginning = Interval.seconds(3)
    /// From a newcomer's request until its player begins.
    private static let start = Interval.milliseconds(500)
    /// A player that is further behind than this has a buffer to match.
    private static let mostLag = Interval.seconds(8)
    /// What is overdue by more is not more urgent: else whoever asks for the oldest pieces would
    /// be served before all others.
    private static let mostOverdue = Interval.seconds(1)

    /// How far behind the camera a newcomer's player will be that asks for a piece of this age,
    /// where it seemed to be `lag` behind until now.
    static func lag(asking age: Interval, known lag: Interval?) -> Interval {
        min(max(age + start, lag ?? .zero), mostLag)
    }

    /// When a player needs a piece that was published at `published`, asked about at `now`.
    static func due(_ published: Instant, lag: Interval, at now: Instant) -> Instant {
        max(published + lag, now - mostOverdue)
    }
}
