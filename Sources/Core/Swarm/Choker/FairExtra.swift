// How much of what a source gives beyond the trees one viewer may take. Whoever is shunned by all
// others, as those are who send garbage, asks the source for everything, and would use up what is
// there for newcomers and for those in need. A pure function of plain values.

/// One viewer's share of what the source gives beyond the trees.
enum FairExtra {
    /// The part of all that one of so many viewers may take: a sixteenth, or twice an equal part
    /// where there are few.
    static func part(of viewers: Int, _ settings: TrustSettings = TrustSettings()) -> Double {
        max(settings.leastExtraPart, settings.extraEqualParts / Double(max(viewers, 1)))
    }
}
