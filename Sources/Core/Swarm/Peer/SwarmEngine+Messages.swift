// What neighbours say: handshakes, states, availability, depths. Requests, blocks and records
// have files of their own.

import Metainfo
import Pieces
import Primitives
import Wire

extension SwarmEngine {
    /// What this node offers, for the extension handshake.
    var offer: LiveOffer {
        var offer = LiveOffer(
            window: nil, keep: UInt32(clamping: settings.window), ahead: UInt32(ahead),
            isSource: settings.role == .source)
        guard let edge else { return offer }
        let held = (table.base...max(edge, table.base)).filter { isHeld($0) }
        offer.window = PieceMap.maps(of: held, bytes: 4096).last
        return offer
    }

    /// What a node that holds nothing yet offers along with its handshake when it connects: it
    /// need not hear the other's first, and begins a round trip earlier; nil for all others.
    var opening: LiveOffer? {
        guard settings.role != .source, offer.window == nil else { return nil }
        return offer
    }

    func isHeld(_ piece: PieceIndex) -> Bool {
        table.contains(piece) && table.state(of: piece) == .held
    }

    mutating func extended(
        _ peer: PeerHandle, _ handshake: ExtensionHandshake, _ now: Instant,
        _ outputs: inout [SwarmOutput]
    ) {
        let window = handshake.live?.window?.bitmap.count ?? 0
        guard affords(peer, 16 + window / 4, now, &outputs) else { return }
        heard(peer, now)
        guard let live = handshake.live else {
            close(peer, .notLive, now, &outputs)
            return
        }
        let wasLive = peers.look(peer, \.isLive) ?? false
        peers[peer]?.isLive = true
        peers[peer]?.isSource = live.isSource
        noteExchange(peer, handshake, now)
        if let window = live.window {
            for piece in window.pieces { noteHolder(peer, piece, now) }
            firstWindowAt = firstWindowAt ?? now
        }
        guard !wasLive else { return }
        if live.window == nil { tellNewest(peer, &outputs) }
        status(to: peer, now, &outputs)
        tuneIn(now, &outputs)
        timers.wake(.plan, by: now)
    }

    /// A connection that stood still moves again: the other end is told how far the stream has
    /// come meanwhile, so that it can go on there and not where it was.
    mutating func revived(
        _ peer: PeerHandle, _ now: Instant, _ outputs: inout [SwarmOutput]
    ) {
        guard peers.look(peer, \.isLive) ?? false else { return }
        tellNewest(peer, &outputs)
        status(to: peer, now, &outputs)
    }

    /// Sends the records since the newest key frame, before they are asked for.
    private mutating func tellNewest(_ peer: PeerHandle, _ outputs: inout [SwarmOutput]) {
        guard let point = newestPoints(1).first else { return }
        tellRecords(from: point.piece, to: peer, &outputs)
    }

    mutating func heard(_ peer: PeerHandle, _ now: Instant) {
        peers.update(peer) { $0.heardAt = now }
    }

    /// A neighbour holds `piece`, by its own word.
    mutating func noteHolder(_ peer: PeerHandle, _ piece: PieceIndex, _ now: Instant) {
        peers.note(peer, holds: piece)
        hint(piece, now)
    }

    /// Somebody speaks of `piece`: the edge follows, but never further than the look-ahead from
    /// what records prove, and not at all before there is a record.
    mutating func hint(_ piece: PieceIndex, _ now: Instant) {
        guard let proven = metainfo.newest, let edge, piece > edge else { return }
        advance(to: min(piece, proven.advanced(by: ahead)), now)
    }

    /// Moves the edge and notes when the pieces up to it came into being.
    mutating func advance(to piece: PieceIndex, _ now: Instant) {
        let old = edge
        guard old.map({ piece > $0 }) ?? true else { return }
        edge = piece
        let first = max(old?.advanced(by: 1) ?? piece, table.base)
        guard first <= piece, piece < table.limit else { return }
        for new in first...piece where table[new].seenAt == nil { table[new].seenAt = now }
    }

    mutating func received(
        _ peer: PeerHandle, _ message: Message, _ now: Instant, _ outputs: inout [SwarmOutput]
    ) {
        guard affords(peer, 1, now, &outputs) else { return }
        heard(peer, now)
        switch message {
        case .keepAlive: break
        case .choke: choked(peer, now)
        case .unchoke:
            peers[peer]?.isChoking = false
            timers.wake(.plan, by: now)
        case .interested: peers[peer]?.isInterested = true
        case .notInterested: peers[peer]?.isInterested = false
        case .have(let piece): noteHolder(peer, piece, now)
        case .haveNone, .haveAll, .bitfield: break
        case .request(let block): requested(peer, block, now, &outputs)
        case .cancel(let block): cancelled(peer, block, now, &outputs)
        case .reject(let block): rejected(peer, block, now, &outputs)
        case .suggest, .allowedFast, .hashRequest, .hashes, .hashReject, .unknown:
            glitch(peer, "idle talk", now, &outputs)
        case .piece, .extended: break
        }
    }

    /// It serves us no more: what it was asked for is to be asked elsewhere.
    private mutating func choked(_ peer: PeerHandle, _ now: Instant) {
        peers[peer]?.isChoking = true
        orphan(of: peer, now)
        timers.wake(.plan, by: now)
    }

    /// A neighbour is no parent any more: back to the one before it where there is one.
    mutating func orphan(of peer: PeerHandle, _ now: Instant) {
        for s in stripes.indices {
            if stripes[s].previous == peer { stripes[s].previous = nil }
            guard stripes[s].parent == peer else { continue }
            stripes[s].parent = stripes[s].previous
            stripes[s].previous = nil
            stripes[s].since = now
        }
    }

    mutating func receivedLive(
        _ peer: PeerHandle, _ message: LiveMessage, _ now: Instant,
        _ outputs: inout [SwarmOutput]
    ) {
        guard affords(peer, message.cost, now, &outputs) else { return }
        heard(peer, now)
        switch message {
        case .records(let records): receivedRecords(peer, records, now, &outputs)
        case .have(let map): receivedHaves(peer, map, now, &outputs)
        case .status(let status): received(peer, status, now)
        case .wantRecords(let first, let count):
            wanted(peer, first, count, now, &outputs)
        case .forget(let piece): peers.forget(before: piece, of: peer)
        case .unknown: glitch(peer, "unknown live message", now, &outputs)
        }
    }

    private mutating func receivedHaves(
        _ peer: PeerHandle, _ map: PieceMap, _ now: Instant, _ outputs: inout [SwarmOutput]
    ) {
        for piece in map.pieces { noteHolder(peer, piece, now) }
        firstWindowAt = firstWindowAt ?? now
        tuneIn(now, &outputs)
    }

    private mutating func received(_ peer: PeerHandle, _ status: LiveStatus, _ now: Instant) {
        guard status.depths.count == settings.stripes else { return }
        var changed = false
        for s in status.depths.indices where peers[peer, s]?.depth != status.depths[s] {
            peers[peer, s]?.depth = status.depths[s]
            changed = true
        }
        peers.update(peer) { ($0.inner, $0.wait) = (status.inner, status.wait) }
        if let newest = status.newest {
            if peers.look(peer, \.isSource) ?? false { peers[peer]?.newest = newest }
            hint(newest, now)
        }
        if changed { timers.wake(.plan, by: now) }
    }
}
