// Pieces are asked for: ahead of the live edge of the parents, behind it of whoever holds them, and
// elsewhere when they are late. Whom to ask is HolderPolicy's choice, in which order PickOrder's.

import Metainfo
import Pieces
import Primitives
import Wire

extension SwarmEngine {
    /// Puts standing requests for the pieces that are to come.
    mutating func standAhead(
        from first: PieceIndex, _ edge: PieceIndex, _ now: Instant,
        _ outputs: inout [SwarmOutput]
    ) {
        var last = edge.advanced(by: ahead)
        if let end { last = min(last, end.advanced(by: -1)) }
        guard first <= last else { return }
        for piece in first...last where table.contains(piece) {
            guard table.state(of: piece) == .missing, table[piece].asks.isEmpty,
                let parent = stripes[stripe(of: piece)].parent
            else { continue }
            ask(parent, for: piece, .standing, now, &outputs)
        }
    }

    /// Asks for what exists and was not asked for: the backlog of a newcomer, and what fell out.
    ///
    /// A newcomer's first neighbour is mostly the source; what that was asked for is asked of the
    /// next one that holds it too.
    mutating func catchUp(
        _ open: [PieceIndex], of suppliers: inout Suppliers, _ now: Instant,
        _ outputs: inout [SwarmOutput]
    ) {
        var missing: [Candidate] = []
        for piece in open where isOpenToAsk(piece, now) {
            missing.append(
                Candidate(
                    piece: piece, due: due(piece, now), holders: peers.holders(of: piece)))
        }
        let sorted = settings.pickOrder.sorted(
            missing, now: now, urgent: settings.urgentSpan, random: &random)
        for candidate in sorted {
            let piece = candidate.piece
            let parent = stripes[stripe(of: piece)].parent
            if table[piece].asks.isEmpty, let feeder = feeder(of: piece, now) {
                ask(feeder, for: piece, .standing, now, &outputs)
            } else if let holder = bestHolder(of: piece, among: &suppliers, now) {
                ask(holder, for: piece, .catchUp, now, &outputs)
            } else if table[piece].asks.isEmpty, candidate.holders == 0, let parent,
                peers.look(parent, \.backOff) ?? now <= now
            {
                // Not at once where it has just refused: after a restart it may never have it.
                ask(parent, for: piece, .standing, now, &outputs)
            }
        }
    }

    /// Whether somebody is still to be found for a piece.
    private mutating func isOpenToAsk(_ piece: PieceIndex, _ now: Instant) -> Bool {
        if early.hold(piece, at: now) { return false }
        return table[piece].asks.isEmpty
            || table[piece].asks.count == 1 && isBacklog(piece, now) && isUnasked(piece)
    }

    /// The parent that gives a piece of the backlog as it gives the stream, or nil.
    ///
    /// In a crowd that comes at once nobody holds anything yet: asked along the trees the backlog
    /// spreads as the stream does, and not by one asking another who has it.
    private mutating func feeder(of piece: PieceIndex, _ now: Instant) -> PeerHandle? {
        let stripe = stripes[stripe(of: piece)]
        guard settings.policies.contains(.backlogByTree), table[piece].failures == 0,
            stripe.isProven, stripe.depth < ParentPolicy.unfed, isBacklog(piece, now)
        else { return nil }
        return stripe.parent
    }

    /// When the player could use a piece: at once the next one, the others by the stream's time.
    ///
    /// The player's own deadline is when it would have to stand still; what reaches it earlier
    /// is less lag, so the order of asking goes by the play point and not by that.
    private mutating func due(_ piece: PieceIndex, _ now: Instant) -> Instant {
        guard let next = playPoint?.piece ?? wantFrom, settings.role != .relay
        else { return .never }
        guard let wall = metainfo.wallTime(of: piece), let base = metainfo.wallTime(of: next)
        else { return now }
        return now + (wall - base)
    }

    /// Asks elsewhere for what is late.
    ///
    /// Two pieces at a time, and not while four are being rescued: when everything is late the
    /// lines are full, and asking for it twice would only fill them more.
    mutating func rescue(
        _ open: [PieceIndex], by suppliers: inout Suppliers, _ now: Instant,
        _ outputs: inout [SwarmOutput]
    ) {
        var underWay = 0
        for piece in open {
            // One that is late itself must not stand in the way of the next attempt.
            let isUnderWay = table[piece].asks.contains {
                $0.kind == .rescue && now - $0.at <= patience(of: piece)
            }
            if isUnderWay { underWay += 1 }
        }
        let grows = !open.isEmpty && grows(now)
        var left = 2
        var hedged = 0
        for piece in open {
            if isBacklog(piece, now) {
                if hedged < 4 { hedge(piece, by: &suppliers, now, &outputs) }
                hedged += 1
                continue
            }
            guard settings.policies.contains(.rescue), let ask = table[piece].asks.first,
                let seen = table[piece].seenAt
            else { continue }
            // A peer whose end acknowledges nothing is gone: that is no sign of full lines.
            let isDead = peers.isGone(ask.peer, at: now)
            let waited = now - max(seen, ask.at)
            let patience = patience(of: piece, with: ask.peer, now)
            if waited > patience, !isDead, !ask.isOverdue {
                table[piece].asks[0].isOverdue = true
                waitedInVain(for: ask, of: piece, now)
            }
            if isDead, let heir = heir(to: ask, of: piece, now) {
                withdraw(ask, piece, &outputs)
                table[piece].asks.removeFirst()
                self.ask(heir, for: piece, .standing, now, &outputs)
                continue
            }
            guard isDead || waited > patience && left > 0 && underWay < 4,
                let holder = bestHolder(of: piece, among: &suppliers, now),
                isDead || !grows
                    || paysToAsk(holder, waited: waited, patience: patience)
            else { continue }
            counters.rescues += 1
            peers.update(ask.peer) { $0.lateness += 1 }
            withdraw(ask, piece, &outputs)
            if !isDead {
                if ask.kind != .rescue { underWay += 1 }
                left -= 1
            }
            table[piece].asks.removeFirst()
            table[piece].failures += 1
            if table[piece].aloneOnly { restart(piece, &outputs) }
            self.ask(holder, for: piece, .rescue, now, &outputs)
        }
    }

    /// The parent after one that has gone, which is asked first for what that one owed, whether it
    /// holds it or not; nil where there is none.
    ///
    /// Where many go at once nobody near holds anything yet: along the trees it spreads as the
    /// stream does, and not by one asking another who has been told of it.
    private func heir(to ask: Ask, of piece: PieceIndex, _ now: Instant) -> PeerHandle? {
        guard settings.policies.contains(.orphansByTree),
            let parent = stripes[stripe(of: piece)].parent, parent != ask.peer,
            !peers.isGone(parent, at: now),
            !table[piece].asks.contains(where: { $0.peer == parent })
        else { return nil }
        return parent
    }

    /// A newcomer's player waits for the pieces at its play point: after a moment they are asked
    /// of a second neighbour too, those of its first key frame even of a third.
    private mutating func hedge(
        _ piece: PieceIndex, by suppliers: inout Suppliers, _ now: Instant,
        _ outputs: inout [SwarmOutput]
    ) {
        guard settings.policies.contains(.hedging), let wantFrom,
            let ask = table[piece].asks.last
        else { return }
        let opening = Hedging.openingPieces(of: geometry.pieceLength)
        let isOpening = wantFrom.distance(to: piece) < opening
        let waited = now - ask.at
        let patience = Hedging.patience(isOpening: isOpening, usual: settings.hedgeAfter)
        let isDue = Hedging.isDue(
            asks: table[piece].asks.count, waited: waited, isOpening: isOpening, patience: patience)
        guard isDue, let holder = bestHolder(of: piece, among: &suppliers, now),
            isOpening
                || paysToAsk(holder, waited: waited, patience: patience)
        else { return }
        self.ask(holder, for: piece, .catchUp, now, &outputs)
    }

    /// How late a piece may be before it is asked for elsewhere.
    private func patience(of piece: PieceIndex) -> Interval {
        stripes[patienceStripe(of: piece)].patience.limit
    }

    /// The same where `peer` was asked: one that says that it holds the piece has it waiting or
    /// under way, and a second request would mostly bring a second copy.
    private func patience(
        of piece: PieceIndex, with peer: PeerHandle, _ now: Instant
    ) -> Interval {
        let isNew = tunedAt.map { now - $0 < settings.newcomer } ?? true
        return patience(of: piece) * (!isNew && peers.holds(peer, piece) ? Patience.withHolder : 1)
    }

    /// The stripe whose patience `piece` is measured by.
    func patienceStripe(of piece: PieceIndex) -> Int {
        settings.policies.contains(.patienceByStripe) ? stripe(of: piece) : 0
    }

    /// Whether `piece` was there before this node came, and its first attempts still run.
    mutating func isBacklog(_ piece: PieceIndex, _ now: Instant) -> Bool {
        guard let startEdge, let tunedAt else { return false }
        return piece <= startEdge && now - tunedAt < settings.tuneInPatience
    }

    /// Whether this node or a neighbour has come lately: then lines are full because more is
    /// wanted than can be sent, and not because somebody has gone.
    private func grows(_ now: Instant) -> Bool {
        let isNew = tunedAt.map { now - $0 < settings.newcomer } ?? true
        return isNew
            || peers.handles.contains {
                peers.look($0) { now - $0.newSince < settings.newcomer } ?? false
            }
    }

    /// For how long a neighbour's line is taken by what waits there, in seconds, by its own word.
    private func wait(of peer: PeerHandle) -> Double {
        guard settings.policies.contains(.idleHolders) else { return 0 }
        return Double(peers.look(peer, \.wait) ?? 0) * LiveStatus.waitStep
    }

    private func paysToAsk(_ peer: PeerHandle, waited: Interval, patience: Interval) -> Bool {
        SecondAsk.pays(
            wait: wait(of: peer), waited: waited, patience: patience, settings.trust)
    }

    private mutating func ask(
        _ peer: PeerHandle, for piece: PieceIndex, _ kind: Ask.Kind, _ now: Instant,
        _ outputs: inout [SwarmOutput]
    ) {
        var blocks: UInt64 = 0
        for number in 0..<geometry.blocksPerPiece
        where table[piece].received & (1 << UInt64(number)) == 0 {
            blocks |= 1 << UInt64(number)
            outputs.append(.send(peer, .request(geometry.block(number, of: piece))))
            guard kind != .standing else { continue }
            peers.update(peer) { $0.outstanding += PieceGeometry.blockLength }
        }
        table[piece].asks.append(Ask(peer: peer, blocks: blocks, at: now, kind: kind))
    }

    /// The neighbour that would deliver `piece` first, among those that hold it and were not
    /// asked.
    private mutating func bestHolder(
        of piece: PieceIndex, among suppliers: inout Suppliers, _ now: Instant
    ) -> PeerHandle? {
        suppliers.prepare(
            peers, pieceLength: geometry.pieceLength,
            ofSource: settings.sourcePipeline * geometry.pieceLength,
            quietAfter: settings.quietAfter, at: now)
        let failures = table[piece].failures
        suppliers.holders.removeAll(keepingCapacity: true)
        for supplier in suppliers.all {
            let peer = supplier.peer
            guard let outstanding = peers.look(peer, \.outstanding),
                outstanding < supplier.pipeline
            else { continue }
            let isShown = peers.holds(peer, piece)
            guard
                supplier.isSource
                    ? sourceServes(supplier, piece, now) : isShown || presumes(supplier, piece),
                !table[piece].asks.contains(where: { $0.peer == peer })
            else { continue }
            let blame = supplier.isSource ? 0 : failures
            suppliers.holders.append(
                Holder(
                    peer: peer, outstanding: outstanding, rate: supplier.rate,
                    lateness: (peers.look(peer, \.blame) ?? 0) + blame,
                    // Two neighbours have not kept their word: the source is not last any more.
                    isSource: supplier.isSource && failures == 0, isPresumed: !isShown,
                    wait: supplier.isSource ? 0 : wait(of: peer),
                    silence: peers.look(peer, { now - $0.heardAt }) ?? .zero))
        }
        return HolderPolicy.best(
            suppliers.holders, length: geometry.pieceLength, salt: random.next())
    }

    private mutating func sourceServes(
        _ source: Suppliers.Supplier, _ piece: PieceIndex, _ now: Instant
    ) -> Bool {
        guard let newest = source.newest, piece <= newest else { return false }
        if isPulling { return peers.holds(source.peer, piece) }
        // The source in need: only what has been about for a while and nobody else has shown.
        let seen = table[piece].seenAt ?? now
        // Or what those who claim to hold it did not give.
        let isAlone =
            peers.count == 1 || peers.holders(of: piece) <= 1 || table[piece].failures > 0
        return !deliveredAny || (isAlone && now - seen > patience(of: piece))
    }

    /// A neighbour that is fed in the piece's stripe and a whole round further surely holds it.
    private mutating func presumes(_ supplier: Suppliers.Supplier, _ piece: PieceIndex) -> Bool {
        guard settings.policies.contains(.presumption), let newest = supplier.newest,
            newest >= piece.advanced(by: settings.stripes),
            let depth = peers[supplier.peer, stripe(of: piece)]?.depth,
            depth < ParentPolicy.unfed, let first = peers.firstHeld(by: supplier.peer)
        else { return false }
        return piece >= first
    }
}
