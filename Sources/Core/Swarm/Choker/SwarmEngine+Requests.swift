// Neighbours ask: what is held goes to the upload queue, what is to come is kept as a standing
// request or refused. Refusals of what this node asked for are taken in here too.

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
        noteStart(of: peer, at: block.piece, now)
        switch table.state(of: block.piece) {
        case .held: offer(peer, block, now, &outputs)
        case .abandoned: refuse(peer, block, now, &outputs)
        case .missing, .unproven, .verifying: stand(peer, block, now, &outputs)
        }
    }

    /// A newcomer's first requests show how far behind its player begins.
    private mutating func noteStart(of peer: PeerHandle, at piece: PieceIndex, _ now: Instant) {
        guard let newSince = peers.look(peer, \.newSince), now - newSince < .seconds(1),
            let edge, piece <= edge
        else { return }
        let age = (now - published(piece, now)).seconds
        peers.update(peer) { $0.startLag = max($0.startLag ?? 0, age) }
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
        var upload = Upload(
            peer: peer, block: block, since: now, published: published(block.piece, now),
            purpose: .opening)
        if isOpening(block.piece, for: peer, now) {
            uploads.add(upload)
            return serve(now, &outputs)
        }
        var live = edge.map { block.piece.distance(to: $0) <= settings.stripes * 2 } ?? false
        var isSpare = false
        if settings.role == .source {
            live = live && sourcePolicy.feeds(peer, in: stripe)
            if live { sourcePolicy.stay(peer, in: stripe, at: now) }
            if !live { complained(peer, of: block.piece, now, &outputs) }
            if !live, isBusy || !spendsExtra(block, for: peer, now) {
                isSpare = spendsSpare(block, for: peer, now)
                guard isSpare else { return refuse(peer, block, now, &outputs) }
            }
        } else {
            live = live && peers.isFed(peer, in: stripe)
            if live { peers.feed(peer, in: stripe, at: now) }
            guard live || !isBusy else { return refuse(peer, block, now, &outputs) }
        }
        if live {
            upload.purpose = .live
        } else {
            upload.purpose = isSpare ? .catchUp : extraPurpose(of: block, for: peer, now)
        }
        uploads.add(upload)
        serve(now, &outputs)
    }

    /// What a block outside the stream's first spreading is sent for: newcomers' players wait,
    /// and so does somebody's for what fell out of the trees; but where lines are full more and
    /// more falls out, and given before the stream it would make still more of it late.
    private mutating func extraPurpose(
        of block: Block, for peer: PeerHandle, _ now: Instant
    ) -> Upload.Purpose {
        let isNew = peers.look(peer, { now - $0.newSince < settings.newcomer }) ?? false
        let rate = ByteRate(bytesPerSecond: streamRate.bytesPerSecond * settings.rescueShare)
        let isUrgent =
            isNew
            || rescued.take(Int(block.length), rate: rate, depth: settings.rescueBurst, at: now)
        return isUrgent ? .urgent : .catchUp
    }

    /// Whether what is not part of the first spreading waits in a long queue already.
    ///
    /// A newcomer that is refused turns to another at once; one that waits here loses seconds.
    private var isBusy: Bool { waitingExtras >= settings.catchUpQueue }

    private var waitingExtras: Int { uploads.ready.count { $0.purpose.isExtra } }

    /// Refuses what has waited so long for spare upload that somebody else may be quicker.
    mutating func refuseStale(_ now: Instant, _ outputs: inout [SwarmOutput]) {
        for stale in uploads.dropStale(after: settings.catchUpPatience, at: now) {
            outputs.append(.send(stale.peer, .reject(stale.block)))
        }
    }

    /// The source's budget beyond the standing copies.
    private mutating func spendsExtra(
        _ block: Block, for peer: PeerHandle, _ now: Instant
    ) -> Bool {
        let rate = extraRate
        guard takesFairly(peer, block, of: rate, now) else { return false }
        if sourcePolicy.spend(Int(block.length), rate: rate, at: now) { return true }
        peers.update(peer) { $0.extra.giveBack(Int(block.length)) }
        return false
    }

    /// What the source gives beyond the standing copies.
    private var extraRate: ByteRate {
        let fed = peers.handles.reduce(0) { $0 + sourcePolicy.share(of: $1) }
        let standing = Double(fed) / Double(settings.stripes)
        let extra = max(0.3, settings.copiesBudget - standing)
        return ByteRate(bytesPerSecond: streamRate.bytesPerSecond * extra)
    }

    /// Whether a viewer that has had its share is given a block of what nobody else wants.
    ///
    /// The half of the queue is for those within their share, and so is the most of the budget.
    /// What it was sent already it does not need again.
    private mutating func spendsSpare(
        _ block: Block, for peer: PeerHandle, _ now: Instant
    ) -> Bool {
        guard settings.policies.contains(.fairExtra), !peers.holds(peer, block.piece),
            waitingExtras < settings.catchUpQueue / 2
        else { return false }
        return sourcePolicy.spend(
            Int(block.length), rate: extraRate, leaving: settings.trust.extraReserve, at: now)
    }

    /// Whether a viewer stays within its share of what the source gives beyond the trees; takes
    /// the block off it if so.
    private mutating func takesFairly(
        _ peer: PeerHandle, _ block: Block, of rate: ByteRate, _ now: Instant
    ) -> Bool {
        guard settings.policies.contains(.fairExtra) else { return true }
        let share = rate.bytesPerSecond * FairExtra.part(of: peers.count, settings.trust)
        let depth = Int(streamRate.bytesPerSecond * settings.trust.extraAtOnce.seconds)
        var isFair = true
        peers.update(peer) {
            isFair = $0.extra.take(
                Int(block.length), rate: ByteRate(bytesPerSecond: share), depth: depth, at: now)
        }
        return isFair
    }

    /// The stream's rate, from the records of the newest 64 pieces, or of as many as are known.
    ///
    /// A newcomer knows few, and a rate that it took to be smaller than it is would have it feed
    /// more children than its line carries.
    var streamRate: ByteRate {
        guard let newest = metainfo.newest else { return .zero }
        guard let last = metainfo.wallTime(of: newest) else { return leastRate }
        for span in [64, 32, 16, 8] {
            guard let first = metainfo.wallTime(of: newest.advanced(by: -span)), last > first
            else { continue }
            let bytes = Double(span * geometry.pieceLength)
            return ByteRate(bytesPerSecond: bytes / (last - first).seconds)
        }
        return leastRate
    }

    /// What a stream is taken to be of which next to nothing is known: eight pieces a second.
    private var leastRate: ByteRate { ByteRate(bytesPerSecond: 8 * Double(geometry.pieceLength)) }

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
        uploads.keep(Upload(peer: peer, block: block, since: now, published: now, purpose: .live))
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
}
