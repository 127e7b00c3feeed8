// Which stripes a node passes on. A tree is flat where its inner nodes feed as many as they can;
// a node that feeds one child in each of eight stripes makes eight long chains instead. So each
// feeds in a few stripes and is a leaf in the others (Castro et al., SplitStream, SOSP 2003).
// A pure function of plain values.

/// How a node stands in a stripe.
struct StripeStand: Hashable, Sendable {
    /// Its hops from the source.
    var depth: UInt8
    /// Those that it feeds.
    var children: Int
    /// Whether the stripe is one of its own already.
    var isInner: Bool
    /// The neighbours that pass the stripe on, by their own word.
    var passers = 0
}

/// The choice of the stripes that a node passes on.
enum InnerStripes {
    /// What it counts that no neighbour passes a stripe on, where others have their mean: as much
    /// as three hops, or three children.
    ///
    /// Where lines are nearly full there are as many places as are needed and no more. A stripe
    /// that few pass on reaches few, who are all that could pass it on, and it would stay so.
    private static let shortageWeight = 3.0

    /// The stripes to pass on, `count` of them: those where the node is near the source and has
    /// children, so that what has grown stays, and those that fewer neighbours pass on than others.
    ///
    /// `salt` gives each stripe a number in 0..<1 that is this node's own: of nodes that stand
    /// alike each takes other stripes, and all are carried.
    static func choose(_ stands: [StripeStand], count: Int, salt: (Int) -> Double) -> [Bool] {
        let mean = Double(stands.reduce(0) { $0 + $1.passers }) / Double(max(stands.count, 1))
        let cost = stands.enumerated().map { index, stand in
            let isFed = stand.depth < ParentPolicy.unfed
            let depth = isFed ? min(Double(stand.depth), 8) : 8
            let kept = stand.isInner ? 1.5 : 0
            let shortage = isFed ? (mean - Double(stand.passers)) / max(mean, 1) : 0
            return depth - Double(min(stand.children, 4)) - kept - shortageWeight * shortage
                + salt(index)
        }
        let order = stands.indices.sorted { (cost[$0], $0) < (cost[$1], $1) }
        var inner = Array(repeating: false, count: stands.count)
        for index in order.prefix(count) { inner[index] = true }
        return inner
    }

    /// How many stripes to pass on with `slots` feeds of at most `fanOut` in a stripe: one more
    /// than would just hold them, since no stripe asks for exactly that many.
    static func count(slots: Int, fanOut: Int) -> Int {
        slots < 3 ? 1 : slots / fanOut + 1
    }
}
