// Which pieces are spread like new ones although they are not new. A piece whose first receivers
// feed nobody in its stripe is wanted by all and held by two: while these give their spare upload
// to pieces that others have too, everybody's player stands still before the same gap.
// A pure function of plain values.

/// The rarest first, at the side that sends (Legout et al., IMC 2006; Pianese et al., PULSE).
enum Scarcity {
    /// Copies that a holder spreads in this way; those who got them spread it further.
    static let copies = 2

    /// Whether a piece of `age` pieces before the edge, of which this node has sent `copies`, is
    /// scarce where `holders` of `neighbours` hold it.
    ///
    /// A round of all stripes after it was published every neighbour should have it, or have it
    /// soon; availability is told a round later.
    static func isScarce(
        age: Int, stripes: Int, copies: Int, holders: Int, neighbours: Int
    ) -> Bool {
        age >= stripes && copies < Self.copies && holders * 4 <= neighbours
    }
}
