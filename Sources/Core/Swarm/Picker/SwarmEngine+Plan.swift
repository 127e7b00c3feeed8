// The picker at work: who feeds which stripe, what stands requested ahead of the live edge, what
// is caught up behind it, and what is late and asked for elsewhere. The choices are in
// ParentPolicy, PickOrder and HolderPolicy; here they are carried out.

import Metainfo
import Pieces
import Primitives
import Wire

extension SwarmEngine {
    mutating func plan(_ now: Instant, _ outputs: inout [SwarmOutput]) {
        guard settings.role != .source else { return }
        timers.wake(.plan, by: now + settings.planInterval)
        tuneIn(now, &outputs)
        checkTuneIn(now, &outputs)
        guard let edge, let first = firstWanted else { return }
        chooseParents(now, &outputs)
        standAhead(from: max(first, edge.advanced(by: 1)), edge, now, &outputs)
        guard first <= edge else { return }
        catchUp(first...edge, now, &outputs)
        rescue(first...edge, now, &outputs)
    }

    /// The first piece that is still of use here.
    private var firstWanted: PieceIndex? {
        guard let wantFrom, let edge else { return nil }
        var first = max(wantFrom, table.base)
        if let playPoint { first = max(first, playPoint.piece) }
        // A relay has no player; what is ten seconds old is of little use to others.
        if settings.role == .relay { first = max(first, edge.advanced(by: -settings.window / 6)) }
        return first
    }

    // MARK: Parents

    private mutating func chooseParents(_ now: Instant, _ outputs: inout [SwarmOutput]) {
        for s in stripes.indices {
            let old = stripes[s].parent
            let possible = candidates(in: s, now)
            let new = ParentPolicy.choose(possible, salt: ourID.salt(s))
            if new != old {
                let isUsable = possible.contains { $0.peer == old }
                if let old, !isUsable { leave(old, in: s, &outputs) }
                stripes[s].previous = isUsable ? old : nil
                stripes[s].parent = new
                stripes[s].since = now
                stripes[s].isProven = false
            }
            updateDepth(s, now)
        }
    }

    /// A parent that has not refused for this long feeds us.
    private var trial: Interval { .milliseconds(300) }

    /// Our depth follows the parent's; on trial it does not get better, so that nobody is drawn
    /// to a node that is refused a moment later.
    private mutating func updateDepth(_ s: Int, _ now: Instant) {
        let old = stripes[s].depth
        var new = depth(under: stripes[s].parent, in: s)
        if let parent = stripes[s].parent, !stripes[s].isProven {
            let roundTrip = peers[parent]?.roundTrip ?? .zero
            stripes[s].isProven = now - stripes[s].since > trial + roundTrip
            if !stripes[s].isProven { new = max(old, new) }
        }
        guard new != old else { return }
        stripes[s].depth = new
        if new < ParentPolicy.unfed { stripes[s].lastDepth = new }
        if new == ParentPolicy.unfed { stripes[s].since = now }
        timers.wake(.status, by: now)
    }

    private func depth(under parent: PeerHandle?, in stripe: Int) -> UInt8 {
        guard let parent, let depth = peers[parent]?.depths[stripe], depth < ParentPolicy.unfed
        else { return ParentPolicy.unfed }
        return depth + 1
    }

    private func candidates(in stripe: Int, _ now: Instant) -> [ParentCandidate] {
        let current = stripes[stripe].parent
        let limit = depthLimit(in: stripe, now)
        var found: [ParentCandidate] = []
        for handle in peers.handles {
            guard let peer = peers[handle], peer.isLive, !peer.isChoking,
                peer.childSince[stripe] == nil, peer.refusedUntil[stripe] <= now,
                now - peer.heardAt < settings.quietAfter,
                handle == current || peer.depths[stripe] < limit
            else { continue }
            let feeds = stripes.indices.count { $0 != stripe && stripes[$0].parent == handle }
            found.append(
                ParentCandidate(
                    peer: handle, depth: peer.depths[stripe], feeds: feeds,
                    lateness: peer.lateness, roundTrip: peer.roundTrip,
                    isCurrent: handle == current))
        }
        return found
    }

    /// Parents are nearer to the source than this. Whoever is deeper than an orphan was may hang
    /// below it; when nobody else is found in a second, the tree has changed and all will do.
    private func depthLimit(in s: Int, _ now: Instant) -> UInt8 {
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

    // MARK: Asking

    /// Puts standing requests for the pieces that are to come.
    private mutating func standAhead(
        from first: PieceIndex, _ edge: PieceIndex, _ now: Instant,
        _ outputs: inout [SwarmOutput]
    ) {
        var last = edge.advanced(by: ahead)
        if let end { last = min(last, end.advanced(by: -1)) }
        guard first <= last else { return }
        for piece in first...last where table.contains(piece) {
            guard table[piece].state == .missing, table[piece].asks.isEmpty,
                let parent = stripes[stripe(of: piece)].parent
            else { continue }
            ask(parent, for: piece, now, &outputs)
        }
    }

    /// Asks for what exists and was not asked for: the backlog of a newcomer, and what fell out.
    private mutating func catchUp(
        _ range: ClosedRange<PieceIndex>, _ now: Instant, _ outputs: inout [SwarmOutput]
    ) {
        var missing: [Candidate] = []
        for piece in range where table.contains(piece) {
            guard table[piece].state == .missing, table[piece].asks.isEmpty else { continue }
            missing.append(
                Candidate(
                    piece: piece, due: due(piece, now), holders: peers.holders(of: piece)))
        }
        for candidate in PickOrder.sorted(missing, now: now, urgent: settings.urgentSpan) {
            let piece = candidate.piece
            let parent = stripes[stripe(of: piece)].parent
            if let holder = bestHolder(of: piece, besides: nil, now) {
                ask(holder, for: piece, now, &outputs)
            } else if candidate.holders == 0, let parent {
                ask(parent, for: piece, now, &outputs)
            }
        }
    }

    /// When the player needs a piece; soon, where that is not known.
    private func due(_ piece: PieceIndex, _ now: Instant) -> Instant {
        guard let playPoint else { return settings.role == .relay ? .never : now }
        guard let wall = metainfo.wallTime(of: piece),
            let base = metainfo.wallTime(of: playPoint.piece)
        else { return playPoint.due }
        return playPoint.due + (wall - base)
    }

    /// Asks elsewhere for what is late.
    ///
    /// Two pieces at a time, and not while four are being rescued: when everything is late the
    /// lines are full, and asking for it twice would only fill them more.
    private mutating func rescue(
        _ range: ClosedRange<PieceIndex>, _ now: Instant, _ outputs: inout [SwarmOutput]
    ) {
        var underWay = range.count {
            table.contains($0) && table[$0].asks.contains { $0.isRescue }
        }
        var left = 2
        for piece in range where table.contains(piece) && table[piece].state == .missing {
            guard left > 0, underWay < 4 else { return }
            guard let ask = table[piece].asks.first, let seen = table[piece].seenAt,
                now - max(seen, ask.at) > patience.limit,
                let holder = bestHolder(of: piece, besides: ask.peer, now)
            else { continue }
            counters.rescues += 1
            peers[ask.peer]?.lateness += 1
            withdraw(ask, piece, &outputs)
            if !ask.isRescue { underWay += 1 }
            left -= 1
            table[piece].asks.removeFirst()
            self.ask(holder, for: piece, isRescue: true, now, &outputs)
        }
    }

    private mutating func ask(
        _ peer: PeerHandle, for piece: PieceIndex, isRescue: Bool = false, _ now: Instant,
        _ outputs: inout [SwarmOutput]
    ) {
        var blocks: UInt64 = 0
        for number in 0..<geometry.blocksPerPiece
        where table[piece].received & (1 << UInt64(number)) == 0 {
            blocks |= 1 << UInt64(number)
            outputs.append(.send(peer, .request(geometry.block(number, of: piece))))
            peers[peer]?.outstanding += PieceGeometry.blockLength
        }
        table[piece].asks.append(Ask(peer: peer, blocks: blocks, at: now, isRescue: isRescue))
    }

    /// The neighbour that would deliver `piece` first, among those that hold it.
    private mutating func bestHolder(
        of piece: PieceIndex, besides: PeerHandle?, _ now: Instant
    ) -> PeerHandle? {
        var holders: [Holder] = []
        for handle in peers.handles where handle != besides {
            guard let peer = peers[handle], canServe(peer, piece, now) else { continue }
            holders.append(
                Holder(
                    peer: handle, outstanding: peer.outstanding, rate: peer.gives.rate(at: now),
                    lateness: peer.lateness, isSource: peer.isSource,
                    isBehind: peer.newest.map { $0 < piece } ?? true))
        }
        return HolderPolicy.best(
            holders, length: geometry.pieceLength, salt: random.next())
    }

    private func canServe(_ peer: PeerState, _ piece: PieceIndex, _ now: Instant) -> Bool {
        guard peer.isLive, !peer.isChoking, peer.backOff <= now,
            now - peer.heardAt < settings.quietAfter,
            peer.outstanding < pipeline(of: peer, now)
        else { return false }
        guard peer.isSource else { return peer.has.contains(piece) }
        guard let newest = peer.newest, piece <= newest else { return false }
        // The source in need: only what has been about for a while and nobody else has shown.
        let seen = table[piece].seenAt ?? now
        let isAlone = peers.count == 1 || peers.holders(of: piece) <= 1
        return !deliveredAny || (isAlone && now - seen > patience.limit)
    }

    /// Bytes that may be asked of a peer at once: half a second of what it gives, four blocks at
    /// least.
    private func pipeline(of peer: PeerState, _ now: Instant) -> Int {
        let half = peer.gives.rate(at: now).bytesPerSecond / 2
        let bytes = Int(max(half, 65_536)) + geometry.pieceLength
        return bytes + ahead * geometry.pieceLength
    }
}

extension PeerID {
    /// A number of its own for each node and stripe, by which equals are told apart.
    fileprivate func salt(_ stripe: Int) -> UInt64 {
        var hasher: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in value.bytes { hasher = (hasher ^ UInt64(byte)) &* 0x100_0000_01b3 }
        return hasher ^ UInt64(stripe) &* 0x9e37_79b9_7f4a_7c15
    }
}
