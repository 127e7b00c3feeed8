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
        var views: [ParentView] = []
        views.reserveCapacity(handles.count)
        // Field by field: most of a state, and its bitmaps, is of no interest here.
        for handle in handles {
            guard self[handle]?.isLive ?? false, !(self[handle]?.isChoking ?? true),
                let heardAt = self[handle]?.heardAt, now - heardAt < quietAfter,
                !isStuck(handle, at: now),
                let depths = self[handle]?.depths, let lateness = self[handle]?.lateness,
                let roundTrip = self[handle]?.roundTrip,
                let childSince = self[handle]?.childSince,
                let refusedUntil = self[handle]?.refusedUntil
            else { continue }
            views.append(
                ParentView(
                    peer: handle, depths: depths, lateness: lateness, roundTrip: roundTrip,
                    childSince: childSince, refusedUntil: refusedUntil))
        }
        return views
    }
}
