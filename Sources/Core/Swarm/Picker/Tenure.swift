// How seldom a parent is left, and how long a lost one is kept quiet about. Each move takes all
// below along, and trees in which everybody goes where it looks best never come to rest.
// Pure functions of plain values.

import Primitives

/// The rest that trees need.
enum Tenure {
    /// A parent that feeds keeps its child at least so long.
    static let least = Interval.seconds(2)
    /// In a stripe that has been fed for less than this the tree is still growing, and everybody
    /// may go where it is better.
    static let youth = Interval.seconds(3)
    /// Between two moves of one node, in whatever stripes: not everything at once.
    static let pause = Interval.milliseconds(500)
    /// How long an orphan does not tell that it is one: mostly another parent is found.
    static let orphanGrace = Interval.seconds(1)

    /// Whether a parent that feeds since `since` may be left for a better one by a node that moved
    /// last at `movedAt`, in a stripe that has been fed since `fedSince`.
    static func mayEnd(
        since: Instant, movedAt: Instant, fedSince: Instant, at now: Instant
    ) -> Bool {
        now - fedSince < youth || now - since > least && now - movedAt > pause
    }
}
