// What peers say, blocks aside: each message is a claim and is judged before it changes anything.

import Pieces
import Primitives
import Wire

extension TorrentEngine {
    /// What an extended message costs of a peer's allowance, in simple messages.
    ///
    /// So 1,000 at once and 250 a second: the largest metadata of the world is 200 requests, and
    /// whoever lost all that was sent may ask once more (`MetadataSettings.servings`).
    private static let extendedCost = 8

    mutating func received(
        _ peer: PeerHandle, _ message: Message, _ now: Instant, _ outputs: inout [TorrentOutput]
    ) {
        guard peers.contains(peer) else { return }
        peers[peer].heardAt = now
        switch message {
        case .request(let block): return requested(peer, block, now, &outputs)
        case .have(let piece): return gained(peer, piece, now, &outputs)
        default: break
        }
        var cost = 1
        if case .extended = message { cost = Self.extendedCost }
        guard affords(peer, cost, now, &outputs) else { return }
        switch message {
        case .choke: choked(peer, now, &outputs)
        case .unchoke: unchoked(peer, now, &outputs)
        case .interested: interested(peer, now, &outputs)
        case .notInterested: notInterested(peer, now, &outputs)
        case .bitfield(let bits): told(peer, bits, all: false, now, &outputs)
        case .haveAll: told(peer, nil, all: true, now, &outputs)
        case .cancel(let block): cancelled(peer, block, &outputs)
        case .reject(let block): rejected(peer, block, now, &outputs)
        case .allowedFast(let piece): allowed(peer, piece, now, &outputs)
        case .keepAlive, .haveNone, .suggest, .unknown, .piece, .extended, .have, .request,
            .hashRequest, .hashes, .hashReject:
            break
        }
    }

    mutating func extended(
        _ peer: PeerHandle, _ handshake: ExtensionHandshake, _ now: Instant,
        _ outputs: inout [TorrentOutput]
    ) {
        guard peers.contains(peer), affords(peer, Self.extendedCost, now, &outputs)
        else { return }
        if let takes = handshake.requestQueue { peers[peer].takes = takes }
        if let port = handshake.listenPort { peers[peer].listenPort = port }
        if let id = handshake.ids[.peerExchange] { peers[peer].exchange.isWanted = id != 0 }
        timers.wake(.exchange, by: now)
        fill(peer, now, &outputs)
    }

    // MARK: Choking

    private mutating func choked(
        _ peer: PeerHandle, _ now: Instant, _ outputs: inout [TorrentOutput]
    ) {
        guard !peers[peer].isChoking else { return }
        peers[peer].isChoking = true
        // With BEP 6 each request is answered by a block or a REJECT; without, all are void.
        guard !peers[peer].isFast else { return }
        forgetRequests(peer)
        fillAll(now, &outputs)
    }

    private mutating func unchoked(
        _ peer: PeerHandle, _ now: Instant, _ outputs: inout [TorrentOutput]
    ) {
        guard peers[peer].isChoking else { return }
        dropEarly(peer, now)
        peers[peer].isChoking = false
        peers[peer].isSnubbed = false
        peers[peer].blockAt = now
        if isUrgent(now) { fillAll(now, &outputs) } else { fill(peer, now, &outputs) }
    }

    private mutating func allowed(
        _ peer: PeerHandle, _ piece: PieceIndex, _ now: Instant,
        _ outputs: inout [TorrentOutput]
    ) {
        guard Int(piece.value) < layout.pieceCount, !have.contains(piece),
            peers[peer].fastFromIt.count < 100, !peers[peer].fastFromIt.contains(piece)
        else { return }
        peers[peer].fastFromIt.append(piece)
        fill(peer, now, &outputs)
    }

    /// A request will not be served (BEP 6).
    private mutating func rejected(
        _ peer: PeerHandle, _ block: Block, _ now: Instant, _ outputs: inout [TorrentOutput]
    ) {
        guard let number = number(of: block) else {
            return glitch(peer, "rejects what was not asked", now, &outputs)
        }
        if let at = peers[peer].withdrawn.firstIndex(where: {
            $0.piece == block.piece && $0.block == UInt32(number)
        }) {
            peers[peer].withdrawn.remove(at: at)
            peers[peer].heed = min(8, peers[peer].heed + 1)
            return fill(peer, now, &outputs)
        }
        guard peers[peer].requests.take(block.piece, UInt32(number)) != nil else {
            return glitch(peer, "rejects what was not asked", now, &outputs)
        }
        open.release(block.piece, number, peer)
        wishHead = 0
        peers[peer].fastFromIt.removeAll { $0 == block.piece }
        // Whoever rejects while it does not choke has its hands full.
        if !peers[peer].isChoking {
            peers[peer].takes = max(2, peers[peer].requests.count)
            peers[peer].restsUntil = now + .milliseconds(100)
        }
        timers.wake(.review, by: now + .milliseconds(20))
    }

    /// The number within its piece of a block that is cut as we ask for them, or nil.
    func number(of block: Block) -> Int? {
        guard let whole = layout.length(ofPiece: block.piece) else { return nil }
        let offset = Int(block.offset)
        guard offset % PieceGeometry.blockLength == 0, offset < whole,
            Int(block.length) == min(PieceGeometry.blockLength, whole - offset)
        else { return nil }
        return offset / PieceGeometry.blockLength
    }

    /// How many blocks a piece has.
    func blockCount(of piece: PieceIndex) -> Int {
        let unit = PieceGeometry.blockLength
        return max(1, ((layout.length(ofPiece: piece) ?? 0) + unit - 1) / unit)
    }

    /// Block number `number` of a piece that exists.
    func block(_ number: Int, of piece: PieceIndex) -> Block {
        let whole = layout.length(ofPiece: piece) ?? 0
        let offset = number * PieceGeometry.blockLength
        return Block(
            piece: piece, offset: UInt32(offset),
            length: UInt32(max(0, min(PieceGeometry.blockLength, whole - offset))))
    }
}
