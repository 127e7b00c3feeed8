// Blocks leave: as many as the uplink carries, the most useful first, each preceded by what its
// receiver must know. Also the telling of availability and of depths.

import Metainfo
import Pieces
import Primitives
import Wire

extension SwarmEngine {
    private static let blockBytes = Uplink.blockBytes

    /// What a copy that has gone counts in the order of sending, in seconds.
    ///
    /// At a viewer five times what a copy takes on a home line: what nobody below has yet goes
    /// before what others can pass on. At the source far more: nobody else has what it has not
    /// sent.
    private var copyWeight: Double { settings.role == .source ? 3 : 0.3 }

    private var sendOrder: SendOrder {
        var order = SendOrder(copyWeight: settings.policies.contains(.copyOrder) ? copyWeight : 0)
        if !settings.policies.contains(.leafWaits) {
            (order.leafWeight, order.newLeafWeight) = (0, 0)
        }
        order.byDeadline = settings.policies.contains(.deadlineOrder)
        return order
    }

    /// When `piece` was published, by this node's clock, as far as it can tell.
    func published(_ piece: PieceIndex, _ now: Instant) -> Instant {
        guard let newest = metainfo.newest, table.contains(newest),
            let seenAt = table[newest].seenAt, let last = metainfo.wallTime(of: newest),
            let wall = metainfo.wallTime(of: piece)
        else { return now }
        // The source's clock may have been set: what it says is not more than a window.
        return seenAt - min(max(last - wall, .zero), .seconds(60))
    }

    /// Hands out blocks while the uplink has room.
    mutating func serve(_ now: Instant, _ outputs: inout [SwarmOutput]) {
        refuseStale(now, &outputs)
        let order = sendOrder
        let hasOwnDeadlines = settings.policies.contains(.ownDeadlines)
        let whole = geometry.blocksPerPiece
        while !uploads.ready.isEmpty {
            guard peers.areUnderWay(atMost: uplink.inFlight - Self.blockBytes, at: now)
            else { return }
            let share = max(4 * Self.blockBytes, uplink.inFlight / 2)
            if let retry = uplink.admit(Self.blockBytes, at: now) {
                timers.wake(.serve, by: retry)
                return
            }
            let upload = uploads.next(
                order: order,
                copies: {
                    let piece = $0.block.piece
                    let sent = table.contains(piece) ? table[piece].blocksSent : 0
                    return SendOrder.copies(before: $0, sent: sent, of: whole)
                },
                receiver: {
                    peers.receiver(
                        $0, in: Int($1.value) % settings.stripes, newFor: settings.newcomer, now)
                },
                start: {
                    hasOwnDeadlines ? peers.start(of: $0, newFor: settings.newcomer, now) : nil
                },
                canTake: { peers.takes($0, below: share, at: now) })
            guard let upload else {
                uplink.giveBack(Self.blockBytes)
                return
            }
            send(upload, now, &outputs)
        }
    }

    private mutating func send(
        _ upload: Upload, _ now: Instant, _ outputs: inout [SwarmOutput]
    ) {
        let (peer, block) = (upload.peer, upload.block)
        guard isHeld(block.piece) else {
            outputs.append(.send(peer, .reject(block)))
            return
        }
        if let record = metainfo.record(containing: block.piece),
            !peers.knows(peer, block.piece)
        {
            for piece in record.pieces { peers.note(peer, knows: piece) }
            outputs.append(.sendLive(peer, .records([record.bytes])))
        }
        if Int(block.offset) + Int(block.length) == geometry.pieceLength {
            peers.note(peer, holds: block.piece)
        }
        sayHaves(to: peer, unlessSince: .milliseconds(150), now, &outputs)
        outputs.append(.sendBlock(peer, block))
        if upload.purpose == .live { slots.learn(now - upload.since, at: now) }
        table[block.piece].blocksSent += 1
        peers.update(peer) {
            $0.sent += Int(block.length)
        }
        peers.launch(Self.blockBytes, to: peer, at: now)
        counters.sentBytes += Int(block.length)
    }

    mutating func observed(
        _ peer: PeerHandle, _ sample: UplinkSample, _ now: Instant,
        _ outputs: inout [SwarmOutput]
    ) {
        let wasStuck = peers.isStuck(peer, at: now)
        guard let landed = peers.land(peer, sample, at: now) else { return }
        if wasStuck, landed > 0 { revived(peer, now, &outputs) }
        uplink.acknowledged(landed, leastRoundTrip: sample.leastRoundTrip, at: now)
        if sample.roundTrip > .zero { peers.update(peer) { $0.roundTrip = sample.roundTrip } }
        serve(now, &outputs)
    }

    // MARK: Telling

    mutating func tellHaves(_ now: Instant, _ outputs: inout [SwarmOutput]) {
        let isNew = tunedAt.map { now - $0 < settings.newcomer } ?? false
        let isPrompt = settings.policies.contains(.promptHaves)
        // Whoever pulls waits for the word: BitTorrent gives it with every piece.
        let usual = isPulling ? Interval.milliseconds(100) : settings.haveInterval
        var next = usual
        for peer in peers.handles {
            guard let joinedAt = peers[peer]?.joinedAt else { continue }
            let isTrade = isPrompt && (isNew || now - joinedAt < settings.newcomer)
            let interval = isTrade ? min(usual, settings.newcomerHaveInterval) : usual
            next = min(next, interval)
            sayHaves(to: peer, unlessSince: interval * 0.5, now, &outputs)
            refreshStatus(of: peer, now, &outputs)
        }
        timers.wake(.have, by: now + next)
    }

    /// Tells `peer` of the pieces that it is not known to have or to have been told of.
    ///
    /// The source tells nobody: it shows its pieces by sending them, and says in its status how
    /// far it is.
    private mutating func sayHaves(
        to peer: PeerHandle, unlessSince gap: Interval, _ now: Instant,
        _ outputs: inout [SwarmOutput]
    ) {
        guard let saidAt = peers.look(peer, \.saidAt), now - saidAt >= gap,
            peers.look(peer, \.isLive) ?? false, !peers[pieces: peer].unsaid.isEmpty
        else { return }
        let news = peers.takeUnsaid(of: peer).filter { isHeld($0) }.sorted()
        peers.update(peer) { $0.saidAt = now }
        guard !(peers.look(peer, \.isSource) ?? false) else { return }
        for map in PieceMap.maps(of: news, bytes: LiveMessage.maximumBitmap) {
            outputs.append(.sendLive(peer, .have(map)))
        }
    }

    /// Tells a neighbour of changes in the offers together with the pieces: a packet less.
    private mutating func refreshStatus(
        of peer: PeerHandle, _ now: Instant, _ outputs: inout [SwarmOutput]
    ) {
        guard peers.look(peer, \.isLive) ?? false, let toldAt = peers.look(peer, \.statusAt)
        else { return }
        // A sign of life that is due soon goes along too.
        let isNews =
            peers.look(peer, \.offersVersion) != offersVersion || hasNewWait(for: peer, now)
        let pause = isNews ? settings.statusFloor : settings.statusInterval * 0.6
        if now - toldAt >= pause { status(to: peer, now, &outputs) }
    }

    /// For how long what waits here would keep the line busy, in the steps of a status.
    private var wait: UInt8 {
        let rate = max(
            uplink.rate.bytesPerSecond, HolderPolicy.unknownRate * Double(geometry.pieceLength))
        let seconds = Double(uploads.ready.count * Self.blockBytes) / rate
        let steps = seconds / LiveStatus.waitStep
        return UInt8(min(steps, Double(LiveStatus.longestWait)))
    }

    /// Whether a newcomer is to be told that this node has got much more or less to send.
    private func hasNewWait(for peer: PeerHandle, _ now: Instant) -> Bool {
        guard settings.policies.contains(.idleHolders), let told = peers.look(peer, \.toldWait),
            let joinedAt = peers.look(peer, \.joinedAt), now - joinedAt < settings.newcomer
        else { return false }
        return abs(Int(told) - Int(wait)) >= 3
    }

    mutating func tellStatus(_ now: Instant, _ outputs: inout [SwarmOutput]) {
        timers.wake(.status, by: now + settings.statusInterval)
        noteOffers(now)
        for peer in peers.handles {
            guard peers.look(peer, \.isLive) ?? false, let toldAt = peers.look(peer, \.statusAt)
            else { continue }
            let isNews = peers.look(peer, \.statusVersion) != statusVersion
            let pause = isNews ? settings.statusFloor : settings.statusInterval
            let next = toldAt + pause
            if now >= next {
                status(to: peer, now, &outputs)
            } else {
                timers.wake(.status, by: next)
            }
        }
    }

    /// Sees whether there is something new to tell of depths and room.
    private mutating func noteOffers(_ now: Instant) {
        chooseInner()
        let depths = stripes.map(\.depth)
        let nursery = nursery(hasRoom: !slots.isFull(used: feedsGiven, at: now))
        var open: [Openness] = []
        for stripe in stripes.indices { open.append(openness(of: stripe, nursery)) }
        guard depths != toldDepths || open != toldOpen || inner != toldInner else { return }
        // A child must know at once that its parent has sunk; that there is room can wait, except
        // while a swarm grows.
        let isNew = tunedAt.map { now - $0 < settings.newcomer } ?? true
        let hasMoved = isNew && (depths != toldDepths || inner != toldInner)
        let isUrgent = hasMoved || zip(depths, toldDepths).contains { $0 > $1 }
        (toldDepths, toldOpen, toldInner) = (depths, open, inner)
        if isUrgent { statusVersion += 1 } else { offersVersion += 1 }
    }

    private mutating func openness(of stripe: Int, _ nursery: Nursery) -> Openness {
        guard stripes[stripe].parent != nil else { return .none }
        if Adoption.decide(passesOn: false, stripe: stripe, in: nursery) != .refuse { return .all }
        let verdict = Adoption.decide(passesOn: true, stripe: stripe, in: nursery)
        return verdict == .refuse ? .none : .inner
    }

    /// Looks anew at which stripes this node passes on.
    private mutating func chooseInner() {
        guard settings.role != .source else { return }
        guard settings.policies.contains(.innerStripes) else {
            inner = Array(repeating: true, count: settings.stripes)
            return
        }
        let isEven = settings.policies.contains(.evenStripes)
        let stands = stripes.indices.map { s in
            StripeStand(
                depth: stripes[s].depth,
                children: newest.count { $0.1 == s && peers.isFed($0.0, in: s) },
                isInner: inner[s],
                passers: isEven ? peers.handles.count { peers.passesOn($0, s) } : 0)
        }
        let count = InnerStripes.count(slots: slots.count, fanOut: settings.fanOut)
        let salt = ourID.salt
        inner = InnerStripes.choose(stands, count: count) { stripe in
            Double(PeerID.salt(stripe, of: salt) >> 40) / Double(1 << 24)
        }
    }

    /// Tells a neighbour how near to the source it would be fed in each stripe: its children the
    /// depth, others "not at all" where there is no room, so that they need not ask to be refused.
    mutating func status(to peer: PeerHandle, _ now: Instant, _ outputs: inout [SwarmOutput]) {
        let (version, offers, wait) = (statusVersion, offersVersion, wait)
        peers.update(peer) {
            ($0.statusAt, $0.statusVersion, $0.offersVersion) = (now, version, offers)
            $0.toldWait = wait
        }
        var depths: [UInt8] = []
        depths.reserveCapacity(stripes.count)
        for s in stripes.indices {
            let isOffered = settings.role == .source || isOffered(peer, s)
            let depth = settings.role == .source ? 0 : stripes[s].depth
            depths.append(isOffered ? depth : ParentPolicy.unfed)
        }
        outputs.append(
            .sendLive(
                peer,
                .status(
                    LiveStatus(
                        flags: .takesStandingRequests, wait: wait, depths: depths,
                        newest: metainfo.newest,
                        inner: inner.indices.reduce(0) {
                            $0 | (inner[$1] ? 1 << UInt32($1) : 0)
                        }))))
    }

    private mutating func isOffered(_ peer: PeerHandle, _ stripe: Int) -> Bool {
        if peers.isFed(peer, in: stripe) { return true }
        switch toldOpen[stripe] {
        case .all: return true
        case .inner: return peers.passesOn(peer, stripe)
        case .none: return false
        }
    }
}

extension PeerTable {
    /// Where the player of a newcomer began; nil where it is not known or `peer` is no newcomer
    /// any more.
    func start(of peer: PeerHandle, newFor newcomer: Interval, _ now: Instant) -> PlayerStart? {
        guard let newSince = look(peer, \.newSince), now - newSince < newcomer,
            let lag = look(peer, \.startLag) ?? nil
        else { return nil }
        return PlayerStart(lag: lag, first: (newSince - .zero).seconds - lag)
    }

    /// What `peer` does with pieces of `stripe`; it is new for so long.
    func receiver(
        _ peer: PeerHandle, in stripe: Int, newFor newcomer: Interval, _ now: Instant
    ) -> SendOrder.Receiver {
        if passesOn(peer, stripe) { return .inner }
        let newSince = look(peer, \.newSince) ?? now
        return now - newSince < newcomer ? .newLeaf : .leaf
    }
}
