// Which neighbours are unchoked. Plain tit-for-tat starves newcomers, who have nothing to give
// yet, and the newest data, which flows one way in a tree: so neighbours are ranked by what they
// pass on, newcomers have places of their own, and free riders go last, not out.
// A pure function of plain values.

import Primitives

/// A neighbour as the choker sees it.
struct Chokee: Hashable, Sendable {
    var peer: PeerHandle
    var isInterested: Bool
    /// What it has lately given this node, in bytes a second.
    var gives: Double
    /// Stripes in which it is fed by this node.
    var childStripes: Int
    /// How long it has been here.
    var age: Interval
}

/// The choice of whom to unchoke.
enum LiveChoker {
    /// A neighbour younger than this has one of the newcomers' places.
    static let newcomer = Interval.seconds(10)

    /// The neighbours to unchoke, at most `slots`; a quarter of the places is for newcomers.
    ///
    /// A child in a stripe is never choked while there is room for it: it would lose its feed.
    static func unchoked(_ peers: [Chokee], slots: Int) -> Set<PeerHandle> {
        let wanting = peers.filter(\.isInterested)
        guard wanting.count > slots else { return Set(wanting.map(\.peer)) }
        let young = wanting.filter { $0.age < newcomer }.sorted { $0.age < $1.age }
        var chosen = Set(young.prefix(max(1, slots / 4)).map(\.peer))
        let ranked = wanting.sorted { a, b in
            let (first, second) = (worth(a), worth(b))
            return first != second ? first > second : a.peer < b.peer
        }
        for chokee in ranked where chosen.count < slots { chosen.insert(chokee.peer) }
        return chosen
    }

    private static func worth(_ chokee: Chokee) -> Double {
        chokee.gives + 20_000 * Double(chokee.childStripes)
    }
}
