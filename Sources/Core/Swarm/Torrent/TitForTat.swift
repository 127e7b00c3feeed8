// Who is given blocks (BEP 3): those who give, and one by lot. A pure function of plain values.

import Primitives

/// The choice of whom to unchoke.
enum TitForTat {
    /// Somebody who wants blocks.
    struct Candidate: Sendable {
        let peer: PeerHandle
        /// What it gave us and got of us a second since the last choice.
        let gives: ByteRate
        let gets: ByteRate
        /// Since when it is unchoked; nil where it is not.
        let since: Instant?
    }

    /// How long a slot lasts at a seed before others may have it.
    static let turn = Interval.seconds(20)

    /// At most `slots` of the candidates.
    ///
    /// While something is missing here, those who give most. At a seed, those whose turn is not
    /// over, then those who wait, then the others by what they take: slots are used by whoever
    /// makes something of them, and nobody waits for ever.
    static func choose(
        _ candidates: [Candidate], slots: Int, isSeed: Bool, at now: Instant
    ) -> [PeerHandle] {
        let order = candidates.sorted { a, b in
            isSeed ? seedRank(a, now) < seedRank(b, now) : rank(a) < rank(b)
        }
        return order.prefix(max(0, slots)).map(\.peer)
    }

    private static func rank(_ it: Candidate) -> (Double, Double, Int) {
        // Among those who give the same, who is served keeps its place.
        (-it.gives.bytesPerSecond, it.since == nil ? 1 : 0, it.peer.slot)
    }

    private static func seedRank(_ it: Candidate, _ now: Instant) -> (Int, Double, Int) {
        guard let since = it.since else { return (1, 0, it.peer.slot) }
        let isFresh = now - since < turn
        return (isFresh ? 0 : 2, -it.gets.bytesPerSecond, it.peer.slot)
    }
}
