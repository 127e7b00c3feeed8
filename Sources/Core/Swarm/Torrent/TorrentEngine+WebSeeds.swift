// Web servers that have the files (BEP 19): asked for what peers would bring too late, and for what
// no peer gives. Whoever runs one pays for each byte, and a swarm that suffices is left to itself.

import Pieces
import Primitives
import Wire

extension TorrentEngine {
    /// What peers give, web seeds aside.
    private struct Outlook {
        var rate = ByteRate.zero
        var hasSeed = false
        var givers: [PeerHandle] = []
    }

    /// The time until the first byte, before it is known: a connection, perhaps TLS, a request.
    private static let firstByte = Interval.milliseconds(300)
    /// A wish that is due now is left to peers that bring it within this.
    private static let grace = Interval.milliseconds(500)
    /// Blocks asked of a web seed: of one whose rate is not known, at least and at most.
    private static let firstBlocks = 32
    private static let leastBlocks = 16
    private static let mostBlocks = 256

    mutating func joinedWebSeed(
        _ peer: PeerHandle, _ introduction: TorrentIntroduction, _ now: Instant,
        _ outputs: inout [TorrentOutput]
    ) {
        lastSerial += 1
        var state = TorrentPeer(introduction, serial: lastSerial, settings: settings, at: now)
        (state.isSeed, state.isChoking, state.isInteresting) = (true, false, true)
        state.hasCount = layout.pieceCount
        state.roundTrip = Self.firstByte
        peers.insert(peer, state)
        webSeeds += 1
        fill(peer, now, &outputs)
    }

    /// A web seed rests after a failure, longer each time, and is given up in the end.
    mutating func webSeedFailed(
        _ peer: PeerHandle, _ isFinal: Bool, _ now: Instant, _ outputs: inout [TorrentOutput]
    ) {
        guard peers.contains(peer), peers[peer].isWeb else { return }
        forgetRequests(peer)
        let failures = peers[peer].failures + 1
        peers[peer].failures = failures
        guard !isFinal, failures < settings.webSeedFailures else {
            return close(peer, .misbehaved("a web seed that fails"), now, &outputs)
        }
        peers[peer].restsUntil = now + settings.webSeedRest * Double(1 << min(failures - 1, 10))
        fillAll(now, &outputs)
    }

    /// Web seeds that could bring a block, and when.
    func webRivals(_ now: Instant) -> [Rival] {
        guard webSeeds > 0 else { return [] }
        return peers.handles.filter { peer in
            peers[peer].isWeb && peers[peer].restsUntil <= now && !peers[peer].isSnubbed
                && !peers[peer].isLate(patience(peer), at: now)
        }.map { rival($0) }
    }

    /// Asks a web seed for a stretch, once half of the last one has come.
    mutating func fillWeb(
        _ peer: PeerHandle, _ now: Instant, _ outputs: inout [TorrentOutput]
    ) {
        let depth = webDepth(peer)
        guard peers[peer].requests.count * 2 <= depth, mayAskStretch(Self.leastBlocks, now)
        else { return }
        let outlook = outlook()
        while peers[peer].requests.count < depth, let pick = pickWeb(peer, outlook, now) {
            guard ask(peer, pick, now, &outputs) else { return }
        }
    }

    /// Half a second of its rate where somebody reads: what a jump needs comes behind it.
    private func webDepth(_ peer: PeerHandle) -> Int {
        guard !peers[peer].isSnubbed else { return 1 }
        guard let rate = peers[peer].throughput.rate else { return Self.firstBlocks }
        let ahead = rate.bytesPerSecond * (readers.isEmpty ? 2 : 0.5) / 16_384
        return min(max(Int(min(ahead, 1e6)), Self.leastBlocks), Self.mostBlocks)
    }

    private func outlook() -> Outlook {
        var outlook = Outlook()
        for peer in peers.handles
        where !peers[peer].isWeb && !peers[peer].isChoking && !peers[peer].isSnubbed {
            let rate = peers[peer].throughput.rate ?? settings.assumedRate
            outlook.rate = ByteRate(
                bytesPerSecond: outlook.rate.bytesPerSecond + rate.bytesPerSecond)
            outlook.hasSeed = outlook.hasSeed || peers[peer].isSeed
            outlook.givers.append(peer)
        }
        return outlook
    }

    private mutating func pickWeb(
        _ peer: PeerHandle, _ outlook: Outlook, _ now: Instant
    ) -> Pick? {
        if let pick = pickReserved(peer) { return pick }
        if wishHead < wishes.count, let pick = pickLate(peer, outlook, now) { return pick }
        return pickUngiven(peer, outlook)
    }

    /// What it alone is asked for, since others sent it wrong.
    private mutating func pickReserved(_ peer: PeerHandle) -> Pick? {
        for at in open.withFree where open[at]?.only == peer {
            if let block = open.firstFree(at) { return Pick(at: at, block: block) }
        }
        return nil
    }

    /// The first wish that peers, with all that is due before it, would bring too late.
    private mutating func pickLate(
        _ peer: PeerHandle, _ outlook: Outlook, _ now: Instant
    ) -> Pick? {
        var before = 0
        for wish in wishes[wishHead...] where !have.contains(wish.piece) {
            before += layout.length(ofPiece: wish.piece) ?? 0
            guard checking[wish.piece] == nil, mayAsk(peer, wish.piece) else { continue }
            let isGiven =
                outlook.hasSeed || outlook.givers.contains { peers[$0].hasPiece(wish.piece) }
            let due = max(wish.due, now + Self.grace)
            if isGiven, now + outlook.rate.duration(of: before) <= due { continue }
            if let pick = free(in: wish.piece) { return pick }
        }
        return nil
    }

    /// What nobody needs soon and no peer has; all that is missing where peers give next to nothing.
    private mutating func pickUngiven(_ peer: PeerHandle, _ outlook: Outlook) -> Pick? {
        let isAlone = outlook.rate < settings.swarmSuffices
        guard isAlone || seeds == 0 else { return nil }
        for at in open.withFree {
            guard let piece = open[at]?.piece, mayAsk(peer, piece),
                isAlone || rarity.availability(piece) == 0, let block = open.firstFree(at)
            else { continue }
            return Pick(at: at, block: block)
        }
        guard rarity.count > 0, (open.count + 1) * layout.pieceLength <= mostOpenBytes
        else { return nil }
        if isAlone {
            let next =
                claimed.firstMissing(from: cursor) ?? claimed.firstMissing(from: PieceIndex(0))
            if let next { cursor = next.advanced(by: 1) }
            return next.flatMap { free(in: $0) }
        }
        let rare = rarity.first(least: 0, looks: 1) { rarity.availability($0) == 0 }
        return rare.flatMap { free(in: $0) }
    }
}
