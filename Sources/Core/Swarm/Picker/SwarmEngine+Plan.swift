// The picker at work: who feeds which stripe, what stands requested ahead of the live edge, what
// is caught up behind it, and what is late and asked for elsewhere. The choices are in
// ParentPolicy, PickOrder and HolderPolicy; here they are carried out.

import Metainfo
import Pieces
import Primitives

extension SwarmEngine {
    mutating func plan(_ now: Instant, _ outputs: inout [SwarmOutput]) {
        guard settings.role != .source else { return }
        timers.wake(.plan, by: now + settings.planInterval)
        tuneIn(now, &outputs)
        checkTuneIn(now, &outputs)
        retryTuneIn(now, &outputs)
        askForRecords(now, &outputs)
        guard let edge, let first = firstWanted else { return }
        doubt(first...max(first, edge.advanced(by: ahead)), now, &outputs)
        if !isPulling {
            chooseParents(now, &outputs)
            standAhead(from: max(first, edge.advanced(by: 1)), edge, now, &outputs)
        }
        guard first <= edge else { return }
        let open = table.pieces(.missing, in: first...edge)
        var suppliers = Suppliers()
        catchUp(open, of: &suppliers, now, &outputs)
        rescue(open, by: &suppliers, now, &outputs)
    }

    /// The first piece that is still of use here.
    private var firstWanted: PieceIndex? {
        guard let wantFrom, let edge else { return nil }
        var first = max(wantFrom, table.base)
        if let playPoint { first = max(first, playPoint.piece) }
        // A relay has no player that would say what comes too late.
        if settings.role == .relay { first = max(first, edge.advanced(by: -settings.relayReach)) }
        return first
    }

    // MARK: Parents

    private mutating func chooseParents(_ now: Instant, _ outputs: inout [SwarmOutput]) {
        let views = peers.parents(at: now, quietAfter: settings.quietAfter)
        let salt = ourID.salt
        var possible: [ParentCandidate] = []
        possible.reserveCapacity(views.count)
        for s in stripes.indices {
            let old = stripes[s].parent
            find(&possible, in: s, of: views, now)
            let isUsable = possible.contains { $0.peer == old }
            var new = ParentPolicy.choose(possible, salt: PeerID.salt(s, of: salt))
            if isUsable, new != old, !mayMove(s, now) { new = old }
            if new != old {
                if isUsable { movedAt = now }
                if let old, !isUsable { leave(old, in: s, &outputs) }
                stripes[s].previous = isUsable ? old : nil
                stripes[s].parent = new
                stripes[s].since = now
                counters.moves += 1
                stripes[s].isProven = false
            }
            updateDepth(s, now)
        }
    }

    /// Whether the parent in a stripe may be left for a better one.
    private mutating func mayMove(_ s: Int, _ now: Instant) -> Bool {
        guard settings.policies.contains(.tenure), let parent = stripes[s].parent,
            let depth = peers[parent, s]?.depth, depth < ParentPolicy.unfed
        else { return true }
        return Tenure.mayEnd(
            since: stripes[s].since, movedAt: movedAt, fedSince: stripes[s].fedSince, at: now)
    }

    /// A parent that has not refused for this long feeds us.
    private var trial: Interval { .milliseconds(300) }

    /// Our depth follows the parent's; on trial it does not get better, so that nobody is drawn
    /// to a node that is refused a moment later.
    private mutating func updateDepth(_ s: Int, _ now: Instant) {
        let old = stripes[s].depth
        var new = depth(under: stripes[s].parent, in: s)
        if let parent = stripes[s].parent, !stripes[s].isProven {
            let roundTrip = peers.look(parent, \.roundTrip) ?? .zero
            stripes[s].isProven = now - stripes[s].since > trial + roundTrip
            if !stripes[s].isProven { new = max(old, new) }
        }
        if new == ParentPolicy.unfed, old < ParentPolicy.unfed {
            // Those below stay where they are for a moment: mostly another parent is found.
            let since = stripes[s].orphanedAt ?? now
            stripes[s].orphanedAt = since
            if now - since < orphanGrace { return }
        }
        stripes[s].orphanedAt = nil
        guard new != old else { return }
        if old == ParentPolicy.unfed { stripes[s].fedSince = now }
        stripes[s].depth = new
        if new < ParentPolicy.unfed { stripes[s].lastDepth = new }
        if new == ParentPolicy.unfed { stripes[s].since = now }
        timers.wake(.status, by: now)
    }

    /// How long an orphan does not tell that it is one.
    private var orphanGrace: Interval {
        settings.policies.contains(.orphanGrace) ? Tenure.orphanGrace : .zero
    }

    private mutating func depth(under parent: PeerHandle?, in stripe: Int) -> UInt8 {
        guard let parent, let depth = peers[parent, stripe]?.depth, depth < ParentPolicy.unfed
        else { return ParentPolicy.unfed }
        return depth + 1
    }

    /// Puts those into `found` that could be our parent in a stripe.
    private mutating func find(
        _ found: inout [ParentCandidate], in stripe: Int, of views: [ParentView], _ now: Instant
    ) {
        found.removeAll(keepingCapacity: true)
        let current = stripes[stripe].parent
        let limit = depthLimit(in: stripe, now)
        let isLoyal = settings.policies.contains(.loyalty)
        for view in views {
            let handle = view.peer
            guard let depth = peers.offer(of: handle, in: stripe, at: now),
                handle == current || depth < limit
            else { continue }
            let feeds = stripes.indices.count { $0 != stripe && stripes[$0].parent == handle }
            found.append(
                ParentCandidate(
                    peer: handle, depth: depth, feeds: feeds, lateness: view.lateness,
                    roundTrip: view.roundTrip, isCurrent: isLoyal && handle == current))
        }
    }

    /// Parents are nearer to the source than this.
    ///
    /// Whoever is deeper than an orphan was may hang
    /// below it; when nobody else is found in a second, the tree has changed and all will do.
    private mutating func depthLimit(in s: Int, _ now: Instant) -> UInt8 {
        let stripe = stripes[s]
        if stripe.parent != nil { return stripe.depth }
        guard now - stripe.since < .seconds(1), stripe.lastDepth < ParentPolicy.deepest
        else { return ParentPolicy.unfed }
        return stripe.lastDepth + 1
    }

    /// Takes back the standing requests of a stripe from the parent that was.
    private mutating func leave(
        _ parent: PeerHandle, in stripe: Int, _ outputs: inout [SwarmOutput]
    ) {
        guard let edge else { return }
        let first = edge.advanced(by: 1)
        let last = edge.advanced(by: ahead)
        for piece in first...last where table.contains(piece) && self.stripe(of: piece) == stripe {
            for ask in table[piece].asks where ask.peer == parent {
                withdraw(ask, piece, &outputs)
            }
            table[piece].asks.removeAll { $0.peer == parent }
        }
    }
}

extension PeerID {
    /// A number of its own for each node.
    var salt: UInt64 {
        var hasher: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in value.bytes { hasher = (hasher ^ UInt64(byte)) &* 0x100_0000_01b3 }
        return hasher
    }

    /// A number of its own for each stripe of the node with this salt, by which equals are told
    /// apart.
    static func salt(_ stripe: Int, of salt: UInt64) -> UInt64 {
        salt ^ UInt64(stripe) &* 0x9e37_79b9_7f4a_7c15
    }
}
