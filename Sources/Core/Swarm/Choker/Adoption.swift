// Whom a viewer or relay takes as a child in a stripe, and in whose place. Keeps nothing; the
// number of feeds that the line carries is FeedSlots' business. A pure function of plain values.

/// What there is to know about a node's children when a neighbour asks to become one.
struct Nursery: Sendable {
    /// A child in a stripe.
    struct Feed: Hashable, Sendable {
        var peer: PeerHandle
        var stripe: Int
        /// Whether the child passes this stripe on.
        var passesOn: Bool
    }

    /// All that are fed, those that came last at the end.
    var feeds: [Feed]
    /// The stripes that this node passes on.
    var inner: [Bool]
    /// The most children in one stripe.
    var fanOut: Int
    /// Whether one feed more can be given.
    var hasRoom: Bool
    /// Whether whoever is of less use makes way where there is no room.
    var leavesMakeWay = true
}

/// The choice of children.
enum Adoption {
    /// What becomes of a neighbour that asks.
    enum Verdict: Hashable, Sendable {
        case adopt
        /// It is fed, and this child no more.
        case replace(PeerHandle, stripe: Int)
        case refuse
    }

    /// Decides on a neighbour that asks to be fed in `stripe`; `passesOn` says whether it would
    /// feed others there.
    ///
    /// A place near the source is for those who pass on: a leaf gives it up, and finds another
    /// further down at no loss to anybody but itself. In stripes that this node does not pass on
    /// it feeds others while there is room, and they are the first to make way.
    static func decide(passesOn: Bool, stripe: Int, in nursery: Nursery) -> Verdict {
        let siblings = nursery.feeds.count { $0.stripe == stripe }
        guard nursery.inner[stripe] else {
            let isFree = nursery.hasRoom && siblings < nursery.fanOut
            return isFree ? .adopt : .refuse
        }
        if siblings < nursery.fanOut {
            if nursery.hasRoom { return .adopt }
            return leastUseful(nursery) { !nursery.inner[$0.stripe] || passesOn && !$0.passesOn }
        }
        guard passesOn else { return .refuse }
        return leastUseful(nursery) { $0.stripe == stripe && !$0.passesOn }
    }

    private static func leastUseful(
        _ nursery: Nursery, where isLess: (Nursery.Feed) -> Bool
    ) -> Verdict {
        guard nursery.leavesMakeWay else { return .refuse }
        let found =
            nursery.feeds.last { isLess($0) && !nursery.inner[$0.stripe] }
            ?? nursery.feeds.last(where: isLess)
        return found.map { .replace($0.peer, stripe: $0.stripe) } ?? .refuse
    }
}
