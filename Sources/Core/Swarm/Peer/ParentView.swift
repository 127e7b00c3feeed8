// What the choice of parents looks at. It is made for eight stripes at each arrival of a block, so
// the states are looked at once and not once a stripe. Chooses nothing.

import Primitives

/// A neighbour as it could be a parent in some stripe.
struct ParentView: Sendable {
    let peer: PeerHandle
    /// Its hops from the source in each stripe.
    let depths: [UInt8]
    let lateness: Int
    let roundTrip: Interval
    fileprivate let childSince: [Instant?]
    fileprivate let refusedUntil: [Instant]

    /// Whether it does not hang below us in a stripe and has not refused it lately.
    func mayFeed(_ stripe: Int, at now: Instant) -> Bool {
        childSince[stripe] == nil && refusedUntil[stripe] <= now
    }
}

extension PeerTable {
    /// The neighbours that could be parents: they speak live, serve us, and are there.
    func parents(at now: Instant, quietAfter: Interval) -> [ParentView] {
        handles.compactMap { handle in
            guard let peer = self[handle], peer.isLive, !peer.isChoking,
                now - peer.heardAt < quietAfter, !peer.isStuck(at: now)
            else { return nil }
            return ParentView(
                peer: handle, depths: peer.depths, lateness: peer.lateness,
                roundTrip: peer.roundTrip, childSince: peer.childSince,
                refusedUntil: peer.refusedUntil)
        }
    }
}
