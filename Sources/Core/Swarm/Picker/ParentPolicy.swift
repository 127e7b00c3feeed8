// Who feeds this node in a stripe. Each stripe is a tree: a node holds standing requests at one
// parent that is nearer to the source than itself. A pure function of plain values.

import Primitives

/// A neighbour as a possible parent in one stripe.
struct ParentCandidate: Hashable, Sendable {
    var peer: PeerHandle
    /// Its hops from the source in this stripe; 0 is the source.
    var depth: UInt8
    /// Stripes that it feeds this node already.
    var feeds: Int
    /// Times in a row that it was late.
    var lateness: Int
    /// The round trip to it.
    var roundTrip: Interval
    /// Whether it is the parent now.
    var isCurrent: Bool
}

/// The choice of a parent.
enum ParentPolicy {
    /// A stripe that nobody feeds.
    static let unfed: UInt8 = 255
    /// Deeper than any useful tree: an announcement beyond it is a loop counting up.
    static let deepest: UInt8 = 24

    /// The neighbour to hold standing requests at, or nil where none is fed.
    ///
    /// A hop is worth 120 ms (a copy's delay and transmission at home-line rates), a late
    /// delivery 60 ms, a stripe that it feeds us already 25 ms: spreading the stripes over
    /// parents halves what a single failure takes away. The current parent keeps its place
    /// unless another is better by two hops, or trees would never come to rest.
    static func choose(_ candidates: [ParentCandidate], salt: UInt64) -> PeerHandle? {
        var best: (PeerHandle, Double)?
        for candidate in candidates where candidate.depth <= deepest {
            let cost = cost(of: candidate, salt: salt)
            if best.map({ cost < $0.1 }) ?? true { best = (candidate.peer, cost) }
        }
        return best?.0
    }

    private static func cost(of candidate: ParentCandidate, salt: UInt64) -> Double {
        var cost = 120 * Double(candidate.depth)
        cost += 60 * Double(min(candidate.lateness, 10))
        cost += 25 * Double(candidate.feeds)
        cost += min(candidate.roundTrip.milliseconds, 1000) / 2
        if candidate.isCurrent { cost -= 240 }
        let mixed = (salt ^ UInt64(candidate.peer.slot)) &* 0x9e37_79b9_7f4a_7c15
        return cost + Double(mixed >> 40) / Double(1 << 24) * 20
    }
}
