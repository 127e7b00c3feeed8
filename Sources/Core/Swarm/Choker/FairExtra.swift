// How much of what a source gives beyond the trees one viewer may take. Whoever is shunned by all
// others, as those are who send garbage, asks the source for everything, and would use up what is
// there for newcomers and for those in need. A pure function of plain values.

import Primitives

/// One viewer's share of what the source gives beyond the trees.
enum FairExtra {
    /// Every viewer may take this long a stretch of the stream at once: a newcomer's backlog.
    static let atOnce = Interval.seconds(3)

    /// The part of all that one of so many viewers may take after that: a sixteenth, or twice an
    /// equal part where there are few.
    static func part(of viewers: Int) -> Double { max(1.0 / 16, 2 / Double(max(viewers, 1))) }
}
