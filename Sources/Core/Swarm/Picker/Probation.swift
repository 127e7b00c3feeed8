// For how long a neighbour is relied on that gives nothing of what it was asked for: whoever says
// that it is near the source and has room, and then sends nothing, draws children to it, who say
// the same to theirs. A pure function of plain values.

import Primitives

/// The end of trust in a neighbour that does not give.
enum Probation {
    /// Whether a neighbour of which `vain` pieces in a row had to be asked elsewhere is relied on
    /// no more.
    static func isOver(
        vain: Int, hasGiven: Bool, silence: Interval, _ settings: TrustSettings = TrustSettings()
    ) -> Bool {
        if silence > settings.vainSilence, vain >= settings.vainOfSilent { return true }
        return vain >= (hasGiven ? settings.vainOfGivers : settings.vainOfStrangers)
    }

    /// For how long, the `count`th time: 15 s, 30 s and so on to 4 minutes.
    static func pause(_ count: Int, _ settings: TrustSettings = TrustSettings()) -> Interval {
        let doublings = min(max(count - 1, 0), settings.probationDoublings)
        return settings.probation * Double(1 << doublings)
    }
}
