// Peers come, go and are looked for; and what each has.

import Pieces
import Primitives
import Wire

extension TorrentEngine {
    /// Nothing heard for this long: the connection is dead (others send keep-alives every 2 min).
    private static let silence = Interval.seconds(150)
    private static let keepAlive = Interval.seconds(100)
    /// A connection that was here for so long was no mistake.
    private static let lasting = Interval.seconds(20)
    /// Addresses that are few: those of one household.
    private static let few = 8
    /// Connections whose addresses are remembered after their end.
    private static let remembered = 4096

    mutating func joined(
        _ peer: PeerHandle, _ introduction: TorrentIntroduction, _ now: Instant,
        _ outputs: inout [TorrentOutput]
    ) {
        if introduction.isWebSeed { return joinedWebSeed(peer, introduction, now, &outputs) }
        let endpoint = introduction.endpoint
        let superseded = superseded(by: introduction, now)
        let isAbrupt = isAbrupt(introduction, peer)
        let refusal = isAbrupt ? .abrupt : refusal(introduction, besides: superseded, now)
        if let reason = refusal ?? (superseded.isEmpty && !makeRoom(now, &outputs) ? .full : nil) {
            if isAbrupt {
                outputs.append(.close(peer, .abrupt))
                return failed(endpoint, now)
            }
            if introduction.outgoing {
                if reason == .ourselves {
                    planner.refuse(endpoint)
                } else {
                    planner.failed(endpoint, at: now)
                }
            }
            forgetOpening(peer)
            outputs.append(.close(peer, reason))
            return
        }
        for twin in superseded { close(twin, .duplicate, now, &outputs) }
        // A seed closes other seeds, and needs none of them again.
        if introduction.outgoing { planner.connected(endpoint, isScarce: !isComplete) }
        lastSerial += 1
        if addresses.count > Self.remembered { addresses = [:] }
        addresses[lastSerial] = endpoint
        var state = TorrentPeer(introduction, serial: lastSerial, settings: settings, at: now)
        state.fastToIt =
            introduction.features.contains(.fast)
            ? AllowedFast.pieces(
                for: endpoint.address, pieceCount: layout.pieceCount,
                count: settings.allowedFast) : []
        state.isTwin = greetTwins(of: introduction, now, &outputs)
        peers.insert(peer, state)
        if !answered(peer, now, &outputs) { tellHave(peer, &outputs) }
        tellMore(peer, &outputs)
        timers.wake(.choke, by: now + .seconds(10))
        timers.wake(.connect, by: now + .milliseconds(250))
    }

    private func refusal(
        _ introduction: TorrentIntroduction, besides gone: [PeerHandle], _ now: Instant
    ) -> CloseReason? {
        if introduction.id == ourID { return .ourselves }
        let address = introduction.endpoint.address
        if planner.isBanned(address) { return .poisoned }
        if isOneTooMany(introduction, now) { return .duplicate }
        let host = Household(address)
        let same = peers.handles.count { peers[$0].household == host && !gone.contains($0) }
        return same >= settings.maxPeersPerAddress ? .full : nil
    }

    /// Sees that there is a place for one more, at the cost of one that has been of no use for long.
    private mutating func makeRoom(_ now: Instant, _ outputs: inout [TorrentOutput]) -> Bool {
        guard peers.count >= settings.maxPeers else { return true }
        let idle = peers.handles.filter { isIdle($0, now) }
        guard let gone = idle.first(where: { !peers[$0].isInterested }) ?? idle.first
        else { return false }
        close(gone, .full, now, &outputs)
        return true
    }

    /// Whether a peer came by itself and has long neither given nor taken anything.
    ///
    /// Whoever waits for a slot and has had none is not idle, and whoever may be about to send or to
    /// be sent something; who gave or took before is waited for ten times as long.
    private func isIdle(_ peer: PeerHandle, _ now: Instant) -> Bool {
        let it = peers[peer]
        guard !it.introduction.outgoing, !it.isWeb, it.isChoked, it.requests.count == 0,
            it.isChoking || !it.isInteresting, !it.isInterested || it.unchokedAt > .zero
        else { return false }
        let patience = settings.trialTime * (it.received + it.sent > 0 ? 10 : 1)
        return now - it.usedAt > patience
    }

    /// What a peer is told at the beginning: what we have.
    private func tellHave(_ peer: PeerHandle, _ outputs: inout [TorrentOutput]) {
        if peers[peer].isFast, haveCount == 0 || isComplete {
            outputs.append(.send(peer, isComplete ? .haveAll : .haveNone))
        } else if haveCount > 0 {
            outputs.append(.send(peer, .bitfield(have.bytes)))
        }
    }

    /// And who we are, and what it may ask for though it is choked.
    private func tellMore(_ peer: PeerHandle, _ outputs: inout [TorrentOutput]) {
        if peers[peer].isExtended { outputs.append(.greet(peer)) }
        for piece in peers[peer].fastToIt where have.contains(piece) {
            outputs.append(.send(peer, .allowedFast(piece)))
        }
    }

    mutating func left(
        _ peer: PeerHandle, _ now: Instant, _ outputs: inout [TorrentOutput]
    ) {
        guard peers.contains(peer) else { return }
        prove(peer, now)
        let state = peers[peer]
        forgetRequests(peer)
        if let has = state.has {
            for piece in has.indices { rarity.fall(piece) }
        } else if state.isWeb {
            webSeeds -= 1
        } else if state.isSeed {
            seeds -= 1
        }
        if optimistic == peer { optimistic = nil }
        peers.remove(peer)
        if state.introduction.outgoing {
            planner.disconnected(state.introduction.endpoint, at: now)
            // Whoever has said nothing may not have liked what was said before its answer.
            if state.hasOpened, state.heardAt == state.joinedAt, !state.isTwin {
                planner.retryPlainly(state.introduction.endpoint, at: now)
            }
        }
        timers.wake(.connect, by: now + .milliseconds(100))
        askLeavesElsewhere(peer, now, &outputs)
        if !state.isChoked { unchokeMore(now, &outputs) }
        fillAll(now, &outputs)
    }

    /// Closes a peer that is here.
    mutating func close(
        _ peer: PeerHandle, _ reason: CloseReason, _ now: Instant,
        _ outputs: inout [TorrentOutput]
    ) {
        guard peers.contains(peer) else { return }
        outputs.append(.close(peer, reason))
        counters.dropped += 1
        left(peer, now, &outputs)
    }

    /// A breach that is forgiven so many times.
    mutating func glitch(
        _ peer: PeerHandle, _ what: String, _ now: Instant, _ outputs: inout [TorrentOutput]
    ) {
        peers[peer].glitches += 1
        guard peers[peer].glitches > 300 else { return }
        close(peer, .misbehaved(what), now, &outputs)
    }

    /// Whether a peer may say one more thing that is of no use.
    mutating func affords(
        _ peer: PeerHandle, _ cost: Int, _ now: Instant, _ outputs: inout [TorrentOutput]
    ) -> Bool {
        guard peers.contains(peer) else { return false }
        if peers[peer].allowance.spend(cost, at: now) { return true }
        close(peer, .misbehaved("a flood of messages"), now, &outputs)
        return false
    }

    /// An address is a good one when a connection to it has lasted, or was of use to one end: others
    /// may be closed by the other end as soon as they are there, again and again.
    private mutating func prove(_ peer: PeerHandle, _ now: Instant) {
        let it = peers[peer]
        guard it.introduction.outgoing, !it.isProven,
            it.received + it.sent > 0 || now - it.joinedAt > Self.lasting
        else { return }
        peers[peer].isProven = true
        planner.proved(it.introduction.endpoint)
    }

    /// Looks whether a peer is alive, of use, and delivers.
    mutating func watch(
        _ peer: PeerHandle, _ now: Instant, _ outputs: inout [TorrentOutput]
    ) {
        guard peers.contains(peer) else { return }
        if !peers[peer].isWeb, now - peers[peer].heardAt > Self.silence {
            return close(peer, .silent, now, &outputs)
        }
        prove(peer, now)
        if peers[peer].isTwin {
            choose(between: peer, now, &outputs)
            guard peers.contains(peer) else { return }
        }
        if isSated(now), peers[peer].isSeed, now - peers[peer].joinedAt > .seconds(5) {
            let introduction = peers[peer].introduction
            close(peer, .full, now, &outputs)
            if introduction.outgoing, !isComplete { planner.letGo(introduction.endpoint) }
            return
        }
        if !peers[peer].isWeb, now - peers[peer].toldAt > Self.keepAlive {
            peers[peer].toldAt = now
            outputs.append(.send(peer, .keepAlive))
        }
        snub(peer, now, &outputs)
    }

    // MARK: Looking for peers

    /// Dials while there are too few.
    mutating func connect(_ now: Instant, _ outputs: inout [TorrentOutput]) {
        let half = planner.dialing
        let busy = swarmCount - peers.handles.count { isIdle($0, now) }
        let room = min(
            settings.targetPeers - busy - half, settings.dialling - half, dialPace.room(at: now))
        if room > 0, !isSated(now) || busy < settings.targetPeers / 2 {
            // Who knows few addresses tries them often; many wrong ones are no reason to.
            let isAlone = swarmCount == 0 && planner.count <= Self.few
            for endpoint in planner.next(room: room, alone: isAlone, at: now) {
                dialPace.spend()
                outputs.append(.dial(endpoint))
            }
        }
        timers.wake(.connect, by: now + .seconds(1))
        let isPoor = busy < 8 && !isSated(now)
        guard isPoor, wantedPeersAt.map({ now - $0 >= .seconds(5) }) ?? true else { return }
        wantedPeersAt = now
        outputs.append(.wantPeers)
    }

    // MARK: What peers have

    /// A peer says what it has: to begin with, or, as aria2 does, in the place of many HAVEs.
    mutating func told(
        _ peer: PeerHandle, _ bits: [UInt8]?, all: Bool, _ now: Instant,
        _ outputs: inout [TorrentOutput]
    ) {
        guard !peers[peer].isSeed else { return }
        if all { return becameSeed(peer, now, &outputs) }
        // As much as the HAVEs that it stands for; one of the largest torrents fits, too.
        guard let bits, affords(peer, 1 + min(bits.count / 16, Allowance.most / 2), now, &outputs)
        else { return }
        let span = bits.span
        guard let field = Bitfield(span, count: layout.pieceCount) else {
            return close(peer, .misbehaved("a bitfield of another torrent"), now, &outputs)
        }
        if field.isFull { return becameSeed(peer, now, &outputs) }
        var has = peers[peer].has ?? Bitfield(pieceCount: layout.pieceCount)
        var news = field
        news.subtract(has)
        has.formUnion(field)
        peers[peer].hasCount = has.count
        peers[peer].has = has
        for piece in news.indices { rarity.rise(piece) }
        guard peers[peer].hasCount < layout.pieceCount else {
            return becameSeed(peer, now, &outputs)
        }
        wantOf(peer, now, &outputs)
    }

    private mutating func becameSeed(
        _ peer: PeerHandle, _ now: Instant, _ outputs: inout [TorrentOutput]
    ) {
        if let has = peers[peer].has { for piece in has.indices { rarity.fall(piece) } }
        peers[peer].has = nil
        peers[peer].hasCount = layout.pieceCount
        peers[peer].isSeed = true
        seeds += 1
        wantOf(peer, now, &outputs)
    }

    /// A peer has one piece more.
    mutating func gained(
        _ peer: PeerHandle, _ piece: PieceIndex, _ now: Instant,
        _ outputs: inout [TorrentOutput]
    ) {
        guard Int(piece.value) < layout.pieceCount else {
            return close(peer, .misbehaved("a piece that does not exist"), now, &outputs)
        }
        guard !peers[peer].hasPiece(piece) else { return _ = affords(peer, 1, now, &outputs) }
        if peers[peer].has == nil { peers[peer].has = Bitfield(pieceCount: layout.pieceCount) }
        peers[peer].has?.insert(piece)
        peers[peer].hasCount += 1
        rarity.rise(piece)
        if peers[peer].hasCount == layout.pieceCount {
            return becameSeed(peer, now, &outputs)
        }
        guard !have.contains(piece) else { return }
        wantOf(peer, now, &outputs)
    }

    /// Says that we want of a peer what it has and we lack, and asks where it lets us.
    ///
    /// Interest stays once it was said, until there is nothing left: whoever says not interested
    /// loses a slot that it wants back a moment later.
    private mutating func wantOf(
        _ peer: PeerHandle, _ now: Instant, _ outputs: inout [TorrentOutput]
    ) {
        guard !isComplete, hasWanted(peer) else { return }
        if !peers[peer].isInteresting {
            peers[peer].isInteresting = true
            outputs.append(.send(peer, .interested))
        }
        fill(peer, now, &outputs)
    }
}
