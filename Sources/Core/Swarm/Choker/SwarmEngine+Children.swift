// Whom this node feeds in which stripe: taken in, let go, and let go when the line is too full.
// The choices are in Adoption, FeedSlots and SourcePolicy; here they are carried out.

import Pieces
import Primitives
import Wire

extension SwarmEngine {
    /// Whether `peer` is or becomes our child in `stripe`.
    mutating func adopts(
        _ peer: PeerHandle, in stripe: Int, _ now: Instant, _ outputs: inout [SwarmOutput]
    ) -> Bool {
        guard settings.role != .source else {
            return feeds(peer, in: stripe, now, &outputs)
        }
        if peers.isFed(peer, in: stripe) {
            peers.feed(peer, in: stripe, at: now)
            return true
        }
        // Whoever has just lost its own parent takes nobody in: two such could feed each other.
        guard stripes[stripe].depth < ParentPolicy.deepest, let parent = stripes[stripe].parent,
            parent != peer
        else { return false }
        let passesOn = peers.passesOn(peer, stripe)
        let room = slots.hasRoom(used: feedsGiven, at: now)
        switch Adoption.decide(passesOn: passesOn, stripe: stripe, in: nursery(hasRoom: room)) {
        case .adopt: break
        case .replace(let child, let stripe): letGo(child, in: stripe, &outputs)
        case .refuse: return false
        }
        peers.feed(peer, in: stripe, at: now)
        newest.append((peer, stripe))
        timers.wake(.slots, by: now + .milliseconds(500))
        timers.wake(.status, by: now)
        return true
    }

    /// The children as Adoption sees them.
    mutating func nursery(hasRoom: Bool) -> Nursery {
        var feeds: [Nursery.Feed] = []
        feeds.reserveCapacity(newest.count)
        for (peer, stripe) in newest where peers.isFed(peer, in: stripe) {
            let passesOn = peers.passesOn(peer, stripe)
            feeds.append(Nursery.Feed(peer: peer, stripe: stripe, passesOn: passesOn))
        }
        return Nursery(
            feeds: feeds, inner: inner, fanOut: settings.fanOut, hasRoom: hasRoom,
            leavesMakeWay: settings.policies.contains(.leavesMakeWay))
    }

    /// A neighbour is no child any more in a stripe; what it is to get next it still gets, so
    /// that it can look for another parent without missing a piece.
    private mutating func letGo(
        _ peer: PeerHandle, in stripe: Int, _ outputs: inout [SwarmOutput]
    ) {
        peers.letGo(peer, in: stripe)
        let stripes = settings.stripes
        let dropped = uploads.dropStanding(peer, keeping: 1) { Int($0.value) % stripes == stripe }
        outputs += dropped.map { .send(peer, .reject($0)) }
    }

    /// Frees the places of children that have gone without a word.
    private mutating func vacatePlaces(_ now: Instant) {
        guard settings.policies.contains(.vacancies) else { return }
        for peer in peers.handles
        where peers.look(peer, \.childStripes) ?? 0 > 0 && peers.isGone(peer, at: now) {
            for stripe in 0..<settings.stripes where peers.isFed(peer, in: stripe) {
                peers.letGo(peer, in: stripe)
            }
        }
    }

    /// Stripe feeds given to all children together.
    var feedsGiven: Int { mutating get { peers.feeds } }

    /// Lets the newest child go while live blocks wait too long for their turn.
    mutating func reviewSlots(_ now: Instant, _ outputs: inout [SwarmOutput]) {
        vacatePlaces(now)
        let used = feedsGiven
        let feed = streamRate.bytesPerSecond / Double(settings.stripes)
        if feed > 0 {
            slots.fit(uplink.rate.bytesPerSecond / feed, isBusy: uplink.isBusy)
        }
        newest.removeAll { !peers.isFed($0.0, in: $0.1) }
        if used > 0 { timers.wake(.slots, by: now + .milliseconds(500)) }
        timers.wake(.status, by: now)
        guard slots.isCrowded(used: used, at: now) else { return }
        while let (peer, stripe) = newest.popLast() {
            guard peers.isFed(peer, in: stripe) else { continue }
            letGo(peer, in: stripe, &outputs)
            return
        }
    }

    private mutating func feeds(
        _ peer: PeerHandle, in stripe: Int, _ now: Instant, _ outputs: inout [SwarmOutput]
    ) -> Bool {
        guard passesAudit(peer, in: stripe, now, &outputs) else { return false }
        let passing = Set(peers.filter { $0.passesOn(stripe) })
        let viewers = peers.filter { $0.isLive }.count
        switch sourcePolicy.ask(
            peer, for: stripe, passing: passing, viewers: viewers, at: now)
        {
        case .feed: return true
        case .refuse: return false
        case .replace(let old):
            letGo(old, in: stripe, &outputs)
            return true
        }
    }

    /// Frees the places of those who have gone without a word, and says whether `peer` may have
    /// one.
    private mutating func passesAudit(
        _ peer: PeerHandle, in stripe: Int, _ now: Instant, _ outputs: inout [SwarmOutput]
    ) -> Bool {
        guard settings.policies.contains(.rootAudit),
            let household = peers[peer]?.household
        else { return true }
        for old in sourcePolicy.children(in: stripe) where peers.isGone(old, at: now) {
            sourcePolicy.release(old, stripe: stripe)
            // It may only have been slow: it is to look for another parent.
            letGo(old, in: stripe, &outputs)
        }
        return rootAudit.admits(household, to: stripe, at: now)
    }

    /// A viewer had to ask the source for a piece that it sent to others a while ago:
    /// where many do, these others keep it for themselves, and one of them makes room.
    ///
    /// Who holds the piece, by its own word or because we sent it, lacks nothing.
    mutating func complained(
        _ peer: PeerHandle, of piece: PieceIndex, _ now: Instant, _ outputs: inout [SwarmOutput]
    ) {
        let stripe = stripe(of: piece)
        guard settings.policies.contains(.rootAudit), let state = peers[peer],
            now - state.joinedAt > settings.newcomer, !sourcePolicy.feeds(peer, in: stripe),
            !peers.holds(peer, piece),
            RootAudit.counts(age: now - published(piece, now), settings.trust)
        else { return }
        let viewers = Set(
            peers.filter { $0.isLive && now - $0.joinedAt > settings.newcomer }
                .compactMap { peers[$0]?.household }
        ).count
        let isDead = rootAudit.complain(
            from: state.household, of: stripe, viewers: viewers, at: now)
        guard isDead, let eldest = sourcePolicy.children(in: stripe).first else { return }
        if let household = peers[eldest]?.household {
            rootAudit.dismiss(household, from: stripe, at: now)
        }
        sourcePolicy.release(eldest, stripe: stripe)
        letGo(eldest, in: stripe, &outputs)
    }
}
