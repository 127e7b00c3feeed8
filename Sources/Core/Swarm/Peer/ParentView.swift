// What the choice of parents looks at. It is made for eight stripes at each arrival of a block, so
// who could be a parent at all is found out once and not once a stripe. Chooses nothing.

import Primitives

/// A neighbour as it could be a parent in some stripe.
struct ParentView: Sendable {
    let peer: PeerHandle
    let lateness: Int
    let roundTrip: Interval
}

extension PeerTable {
    /// The neighbours that could be parents: they speak live, serve us, and are there; and are
    /// relied on, if any of them are.
    func parents(at now: Instant, quietAfter: Interval) -> [ParentView] {
        let relied = parents(at: now, quietAfter: quietAfter, isRelied: true)
        return relied.isEmpty ? parents(at: now, quietAfter: quietAfter, isRelied: false) : relied
    }

    private func parents(
        at now: Instant, quietAfter: Interval, isRelied: Bool
    ) -> [ParentView] {
        var views: [ParentView] = []
        views.reserveCapacity(handles.count)
        for handle in handles {
            let view = look(handle) { state -> ParentView? in
                guard state.isLive, !state.isChoking, now - state.heardAt < quietAfter,
                    !isRelied || state.unreliedUntil <= now
                else { return nil }
                return ParentView(
                    peer: handle, lateness: state.lateness, roundTrip: state.roundTrip)
            }
            if let view, !isGone(handle, at: now) { views.append(view) }
        }
        return views
    }

    /// A neighbour's hops in a stripe where it may feed us, or nil: it hangs below us there, or
    /// has refused it lately.
    func offer(of handle: PeerHandle, in stripe: Int, at now: Instant) -> UInt8? {
        guard let standing = self[handle, stripe], standing.childSince == nil,
            standing.refusedUntil <= now
        else { return nil }
        return standing.depth
    }
}
