// For how long a neighbour is relied on that gives nothing of what it was asked for: whoever says
// that it is near the source and has room, and then sends nothing, draws children to it, who say
// the same to theirs. A pure function of plain values.

import Primitives

/// The end of trust in a neighbour that does not give.
enum Probation {
    /// Pieces in vain of a neighbour that has never given one.
    private static let ofStrangers = 3
    /// The same of one that has: it may hang below a liar, and needs the time to leave that one.
    private static let ofGivers = 8
    /// The same of one that has said nothing for so long: whoever is there tells of its pieces
    /// more often.
    private static let ofSilent = 2
    private static let silence = Interval.milliseconds(1500)

    /// After so long without another it is as if it had never failed.
    static let forgotten = Interval.seconds(300)

    /// Whether a neighbour of which `vain` pieces in a row had to be asked elsewhere is relied on
    /// no more.
    static func isOver(vain: Int, hasGiven: Bool, silence: Interval) -> Bool {
        if silence > Self.silence, vain >= ofSilent { return true }
        return vain >= (hasGiven ? ofGivers : ofStrangers)
    }

    /// For how long, the `count`th time: 15 s, 30 s and so on to 4 minutes.
    static func pause(_ count: Int) -> Interval {
        .seconds(Double(15 << min(max(count - 1, 0), 4)))
    }
}
