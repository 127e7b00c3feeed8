// Neighbours ask: what is held goes to the upload queue, what is to come is kept as a standing
// request or refused. The source and a viewer take children in by different policies.

import Metainfo
import Pieces
import Primitives
import Wire

extension SwarmEngine {
    mutating func requested(
        _ peer: PeerHandle, _ block: Block, _ now: Instant, _ outputs: inout [SwarmOutput]
    ) {
        guard (try? geometry.number(of: block)) != nil else {
            close(peer, .misbehaved("asks for a block that does not exist"), now, &outputs)
            return
        }
        guard let isChoked = peers.look(peer, \.amChoking), !isChoked, table.contains(block.piece),
            uploads.count(of: peer) < settings.maxQueuedRequests
        else { return refuse(peer, block, now, &outputs) }
        guard !uploads.contains(peer, block) else { return }
        switch table.state(of: block.piece) {
        case .held: offer(peer, block, now, &outputs)
        case .abandoned: refuse(peer, block, now, &outputs)
        case .missing, .unproven, .verifying: stand(peer, block, now, &outputs)
        }
    }

    /// Refuses; a peer that goes on asking for what is always refused is closed in the end.
    private mutating func refuse(
        _ peer: PeerHandle, _ block: Block, _ now: Instant, _ outputs: inout [SwarmOutput]
    ) {
        outputs.append(.send(peer, .reject(block)))
        if !table.contains(block.piece) { glitch(peer, "asks for the past", now, &outputs) }
    }

    /// A block that is held.
    private mutating func offer(
        _ peer: PeerHandle, _ block: Block, _ now: Instant, _ outputs: inout [SwarmOutput]
    ) {
        let stripe = stripe(of: block.piece)
        if let purpose = special(peer, block, now) {
            uploads.add(Upload(peer: peer, block: block, since: now, purpose: purpose))
            return serve(now, &outputs)
        }
        var live = edge.map { block.piece.distance(to: $0) <= settings.stripes * 2 } ?? false
        if settings.role == .source {
            live = live && sourcePolicy.feeds(peer, in: stripe)
            if live { _ = sourcePolicy.ask(peer, for: stripe, passing: [], at: now) }
            guard live || !isBusy && spendsExtra(block, now) else {
                return refuse(peer, block, now, &outputs)
            }
        } else {
            live = live && peers.isFed(peer, in: stripe)
            if live { peers.feed(peer, in: stripe, at: now) }
            guard live || !isBusy else { return refuse(peer, block, now, &outputs) }
        }
        let purpose: Upload.Purpose =
            live ? .live : welcomes(peer, block, now) ? .welcome : .catchUp
        uploads.add(Upload(peer: peer, block: block, since: now, purpose: purpose))
        serve(now, &outputs)
    }

    /// Whether what is not part of the first spreading waits in a long queue already.
    ///
    /// A newcomer that is refused turns to another at once; one that waits here loses seconds.
    private var isBusy: Bool {
        uploads.ready.count { $0.purpose == .catchUp || $0.purpose == .welcome }
            >= settings.catchUpQueue
    }

    /// What a block is sent for that goes before the stream's order, or nil.
    private mutating func special(
        _ peer: PeerHandle, _ block: Block, _ now: Instant
    ) -> Upload.Purpose? {
        if isOpening(block.piece, for: peer, now) { return .opening }
        return isScarce(block.piece) ? .scarce : nil
    }

    /// Whether `piece` belongs to the key frame with which a newcomer begins.
    private mutating func isOpening(
        _ piece: PieceIndex, for peer: PeerHandle, _ now: Instant
    ) -> Bool {
        guard settings.policies.contains(.opening), let state = peers[peer],
            Opening.isDue(age: now - state.joinedAt, given: state.openings, settings)
        else { return false }
        let copies = table[piece].copies + uploads.waiting(for: piece, as: .opening)
        if Opening.isSpread(copies: copies, settings) { return false }
        let first = piece.advanced(by: 1 - settings.openingPieces)
        guard !metainfo.randomAccessPoints(in: first..<piece.advanced(by: 1)).isEmpty else {
            return false
        }
        peers[peer]?.openings += 1
        return true
    }

    /// Whether `piece` has fallen out of its tree: it is asked for again and again of the few who
    /// hold it, and is spread by them like a new one.
    private func isScarce(_ piece: PieceIndex) -> Bool {
        guard settings.policies.contains(.scarcity), let edge, settings.role != .source
        else { return false }
        return Scarcity.isScarce(
            age: piece.distance(to: edge), stripes: settings.stripes,
            copies: table[piece].copies + uploads.waiting(for: piece, as: .scarce),
            holders: peers.holders(of: piece), neighbours: peers.count)
    }

    /// Whether a newcomer's request goes along with the live stream.
    ///
    /// A key frame and a moment of stream from each neighbour let a player begin; given to all
    /// who fall behind, everybody would.
    private mutating func welcomes(_ peer: PeerHandle, _ block: Block, _ now: Instant) -> Bool {
        guard settings.policies.contains(.welcome),
            let joinedAt = peers.look(peer, \.joinedAt), now - joinedAt < settings.newcomer
        else { return false }
        let rate = ByteRate(bytesPerSecond: streamRate.bytesPerSecond * settings.welcomeShare)
        return welcome.take(Int(block.length), rate: rate, depth: settings.welcomeBurst, at: now)
    }

    /// Refuses what has waited so long for spare upload that somebody else may be quicker.
    mutating func refuseStale(_ now: Instant, _ outputs: inout [SwarmOutput]) {
        for stale in uploads.dropStale(after: settings.catchUpPatience, at: now) {
            outputs.append(.send(stale.peer, .reject(stale.block)))
        }
    }

    /// The source's budget beyond the standing copies.
    private mutating func spendsExtra(_ block: Block, _ now: Instant) -> Bool {
        let fed = peers.handles.reduce(0) { $0 + sourcePolicy.share(of: $1) }
        let standing = Double(fed) / Double(settings.stripes)
        let extra = max(0.3, settings.copiesBudget - standing)
        let rate = ByteRate(bytesPerSecond: streamRate.bytesPerSecond * extra)
        return sourcePolicy.spend(Int(block.length), rate: rate, at: now)
    }

    /// The stream's rate, from the newest records.
    var streamRate: ByteRate {
        guard let newest = metainfo.newest else { return .zero }
        let span = 64
        let old = newest.advanced(by: -span)
        guard let a = metainfo.wallTime(of: old), let b = metainfo.wallTime(of: newest), b > a
        else { return ByteRate(bytesPerSecond: 8 * Double(geometry.pieceLength)) }
        return ByteRate(bytesPerSecond: Double(span * geometry.pieceLength) / (b - a).seconds)
    }

    /// A block of a piece that is to come.
    private mutating func stand(
        _ peer: PeerHandle, _ block: Block, _ now: Instant, _ outputs: inout [SwarmOutput]
    ) {
        let stripe = stripe(of: block.piece)
        let reach = edge?.advanced(by: ahead * 2) ?? table.base.advanced(by: ahead * 2)
        let isNear = block.piece <= reach
        guard isNear, adopts(peer, in: stripe, now, &outputs) else {
            return refuse(peer, block, now, &outputs)
        }
        uploads.keep(Upload(peer: peer, block: block, since: now, purpose: .live))
    }

    /// Whether `peer` is or becomes our child in `stripe`.
    private mutating func adopts(
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

    /// Stripe feeds given to all children together.
    var feedsGiven: Int { mutating get { peers.feeds } }

    /// Lets the newest child go while live blocks wait too long for their turn.
    mutating func reviewSlots(_ now: Instant, _ outputs: inout [SwarmOutput]) {
        let used = feedsGiven
        let feed = streamRate.bytesPerSecond / Double(settings.stripes)
        if feed > 0 { slots.fit(uplink.rate.bytesPerSecond / feed) }
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
        let passing = Set(peers.filter { $0.passesOn(stripe) })
        switch sourcePolicy.ask(peer, for: stripe, passing: passing, at: now) {
        case .feed: return true
        case .refuse: return false
        case .replace(let old):
            letGo(old, in: stripe, &outputs)
            return true
        }
    }

    mutating func cancelled(
        _ peer: PeerHandle, _ block: Block, _ now: Instant, _ outputs: inout [SwarmOutput]
    ) {
        // BEP 6: a cancelled request is answered too, so that the other end can count.
        guard uploads.cancel(peer, block) else { return }
        outputs.append(.send(peer, .reject(block)))
    }

    /// A neighbour refuses what we asked for.
    mutating func rejected(
        _ peer: PeerHandle, _ block: Block, _ now: Instant, _ outputs: inout [SwarmOutput]
    ) {
        guard let number = try? geometry.number(of: block), table.contains(block.piece),
            let asked = table[block.piece].asks.firstIndex(where: {
                $0.peer == peer && $0.blocks & (1 << UInt64(number)) != 0
            })
        else { return }
        let ask = table[block.piece].asks.remove(at: asked)
        if ask.kind != .standing {
            settle(peer, ask.blocks.nonzeroBitCount * PieceGeometry.blockLength)
        }
        let stripe = stripe(of: block.piece)
        let jitter = Interval.milliseconds(Int64(random.next() % 1000))
        let isSource = peers.look(peer, \.isSource) ?? false
        let stood = table[block.piece].seenAt.map { ask.at < $0 } ?? true
        if stood {
            refusedFeed(peer, in: stripe, now)
        } else if isSource {
            peers[peer]?.backOff = now + .milliseconds(200) + jitter * 0.4
        } else {
            // Busy, or it does not hold what it says. A word that is not kept by somebody who has
            // given nothing yet counts as late.
            let said = peers.disprove(peer, block.piece)
            if said, peers.look(peer, \.received) == 0 { peers[peer]?.lateness += 1 }
            peers[peer]?.backOff = now + .milliseconds(100) + jitter * 0.2
            table[block.piece].failures += 1
        }
        timers.wake(.plan, by: now + .milliseconds(5))
    }

    /// A neighbour does not feed us in a stripe.
    ///
    /// Back to the one before it. It is asked again
    /// after 1 s, 2 s, 4 s and so on: places become free when somebody leaves, not by asking.
    mutating func refusedFeed(_ peer: PeerHandle, in s: Int, _ now: Instant) {
        guard let state = peers[peer, s], state.refusedUntil <= now else { return }
        let pause = Double(1 << min(Int(state.refusals), 4))
        let jitter = Double(random.next() % 1000) / 1000
        peers[peer, s]?.refusedUntil = now + .seconds(pause * (1 + jitter / 2))
        peers[peer, s]?.refusals = min(state.refusals + 1, 8)
        guard stripes[s].parent == peer else { return }
        stripes[s].parent = stripes[s].previous
        stripes[s].previous = nil
        stripes[s].isProven = stripes[s].parent != nil
        stripes[s].since = now
    }

    /// Re-chokes, and lets go of children that have stopped asking.
    mutating func choke(_ now: Instant, _ outputs: inout [SwarmOutput]) {
        timers.wake(.choke, by: now + settings.chokeInterval)
        let chokees = peers.handles.compactMap { handle in
            peers[handle].map {
                Chokee(
                    peer: handle, isInterested: $0.isInterested,
                    gives: $0.gives.rate(at: now).bytesPerSecond,
                    childStripes: $0.childStripes, age: now - $0.joinedAt)
            }
        }
        let open = LiveChoker.unchoked(chokees, slots: settings.unchoked)
        for chokee in chokees { set(chokee, open.contains(chokee.peer), &outputs) }
        for peer in peers.handles {
            for s in 0..<settings.stripes {
                guard let since = peers[peer, s]?.childSince, now - since > .seconds(4)
                else { continue }
                peers.letGo(peer, in: s)
            }
        }
    }

    private mutating func set(
        _ chokee: Chokee, _ isOpen: Bool, _ outputs: inout [SwarmOutput]
    ) {
        guard let state = peers[chokee.peer] else { return }
        if isOpen, state.amChoking {
            peers[chokee.peer]?.amChoking = false
            outputs.append(.send(chokee.peer, .unchoke))
        } else if !isOpen, chokee.isInterested, !state.amChoking {
            peers[chokee.peer]?.amChoking = true
            outputs.append(.send(chokee.peer, .choke))
            for block in uploads.requests(of: chokee.peer) {
                outputs.append(.send(chokee.peer, .reject(block)))
            }
            uploads.drop(chokee.peer)
        }
    }
}
