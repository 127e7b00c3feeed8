// Whom to ask for what: keeps the requests of each peer at the depth that its rate and its delay
// ask for. Every block costs a few comparisons, as nothing here looks through all pieces.
//
// The order of choice: what readers need, the first due first; pieces that have been begun; the
// rarest piece (in order where everybody has everything); at the very end, copies.

import Pieces
import Primitives
import Wire

extension TorrentEngine {
    /// A block in a piece that has been begun.
    struct Pick {
        let at: Int
        let block: Int
    }

    /// Pieces in the order of rarity that are looked at for one that a peer has.
    private static let looks = 512

    /// Requests that are made at a time where many are under way.
    private static let lump = 32

    /// Whether readers need something within the time that is urgent.
    func isUrgent(_ now: Instant) -> Bool {
        wishHead < wishes.count && wishes[wishHead].due < now + settings.urgent
    }

    /// Asks a peer for as much as keeps it busy.
    mutating func fill(_ peer: PeerHandle, _ now: Instant, _ outputs: inout [TorrentOutput]) {
        guard hasRoom, !isComplete, peers.contains(peer), peers[peer].isInteresting,
            peers[peer].restsUntil <= now
        else { return }
        guard !peers[peer].isWeb else { return fillWeb(peer, now, &outputs) }
        guard !peers[peer].isChoking || !peers[peer].fastFromIt.isEmpty
        else { return }
        let depth = depth(peer, now)
        // Many requests are kept up in lumps: one for each block that comes would be a packet each,
        // which both ends pay for.
        let room = depth - peers[peer].requests.count
        guard room > 0, room >= min(depth / 8, Self.lump) || isUrgent(now) else { return }
        var rivals: [Rival]?
        while peers.contains(peer), peers[peer].requests.count < depth {
            guard let pick = pick(peer, &rivals, now) else { break }
            guard ask(peer, pick, now, &outputs) else { break }
        }
    }

    /// Asks all peers, those first who would bring it first.
    mutating func fillAll(_ now: Instant, _ outputs: inout [TorrentOutput]) {
        guard hasRoom, !isComplete else { return }
        guard isUrgent(now) else {
            for peer in peers.handles { fill(peer, now, &outputs) }
            return
        }
        askBlocking(now, &outputs)
        // One block a peer and round: else the first would be given all that is urgent.
        var isAsking = true
        while isAsking {
            isAsking = false
            for rival in rivals(now) {
                let peer = rival.peer
                guard peers.contains(peer), peers[peer].isInteresting,
                    peers[peer].restsUntil <= now, peers[peer].requests.count < depth(peer, now)
                else { continue }
                var rivals: [Rival]?
                guard let pick = pick(peer, &rivals, now), ask(peer, pick, now, &outputs)
                else { continue }
                isAsking = true
            }
        }
        for peer in peers.handles { fill(peer, now, &outputs) }
    }

    /// How many requests a peer is to have now.
    func depth(_ peer: PeerHandle, _ now: Instant) -> Int {
        guard !peers[peer].isSnubbed else { return 1 }
        let isUrgent = isUrgent(now)
        if isUrgent, peers[peer].isLate(patience(peer), at: now) { return 1 }
        let most = Pipeline.most(
            min(peers[peer].takes, settings.mostRequests), near: settings.nearRequests,
            rate: peers[peer].throughput.rate, roundTrip: peers[peer].roundTrip)
        var carried = peers[peer].pipeline.depth(
            rate: peers[peer].throughput.rate, roundTrip: peers[peer].roundTrip,
            queue: readers.isEmpty ? settings.bulkQueue : urgentQueue(peer), most: most)
        // What serves in ticks gives as much in each as it is asked for, and its rate over several
        // ticks is behind that: three times as much in the next, until it gives no more.
        if peers[peer].pipeline.isGrowing, readers.isEmpty || hasServedAll(peer) {
            carried = max(carried, min(peers[peer].throughput.atOnce * 3, most))
        }
        let depth = limitedDepth(peer, carried)
        guard isUrgent else { return depth }
        // Blocks that were taken back and come all the same stand before what is asked now.
        let first =
            peers[peer].throughput.rate == nil ? firstRequests(peers[peer].roundTrip) : depth
        return max(2, min(depth, first) - peers[peer].withdrawn.count)
    }

    /// Whether a peer has served all that it was asked for when it last sent after a silence.
    ///
    /// A lost packet, too, is a silence and then many blocks; but more are left to come.
    private func hasServedAll(_ peer: PeerHandle) -> Bool {
        guard let oldest = peers[peer].requests.first else { return true }
        return oldest.at + peers[peer].roundTrip >= peers[peer].throughput.crowdedAt
    }

    /// How many requests a peer begins with where a reader is in need.
    func firstRequests(_ roundTrip: Interval) -> Int {
        settings.firstUrgentRequests + Int(min(roundTrip.seconds, 10) / 0.05)
    }

    /// How much of a peer's rate is asked of it ahead while somebody reads: what bridges its pauses,
    /// and a little more.
    ///
    /// A reader that has enough may jump, and what it needs then stands behind what peers have made
    /// ready to send; some send that whatever is cancelled. Where the swarm gives hardly more than the
    /// reader takes, a line that runs dry is the greater harm: a lost packet holds up what follows for
    /// three round trips, in which a peer sends what it was asked for before, if there is any. Far
    /// away that is more than the rest bridges.
    private func urgentQueue(_ peer: PeerHandle) -> Interval {
        // Half as much again as a tick, so that what it brings can grow from one to the next.
        let pause = max(peers[peer].throughput.pause, peers[peer].throughput.tick * 1.5)
        let far = peers[peer].roundTrip * 6 - settings.urgentQueue * 1.5
        let loss = far > .zero && isScarce ? far : .zero
        return min(settings.urgentQueue + pause + loss, settings.longestUrgentQueue)
    }

    /// Whether all peers together give hardly more than readers take.
    private var isScarce: Bool {
        let taken = readers.taken ?? settings.assumedBitrate
        let most = taken.bytesPerSecond * settings.scarce
        var given = 0.0
        for peer in peers.handles where !peers[peer].isChoking && !peers[peer].isSnubbed {
            given += (peers[peer].throughput.rate ?? typicalRate).bytesPerSecond
            if given >= most { return false }
        }
        return true
    }

    /// Makes a request; false where it cannot be made.
    mutating func ask(
        _ peer: PeerHandle, _ pick: Pick, _ now: Instant, _ outputs: inout [TorrentOutput]
    ) -> Bool {
        guard mayAskMore(peer, now), let piece = open[pick.at]?.piece,
            open.ask(pick.at, pick.block, peer)
        else { return false }
        if peers[peer].requests.count == 0 {
            peers[peer].throughput.began(at: now + peers[peer].roundTrip)
            // Whoever owes blocks that were taken back is no better for it.
            if peers[peer].withdrawn.isEmpty { peers[peer].blockAt = now }
        }
        peers[peer].requests.append(Asked(piece: piece, block: UInt32(pick.block), at: now))
        outputs.append(.send(peer, .request(block(pick.block, of: piece))))
        return true
    }

    // MARK: The choice

    private mutating func pick(
        _ peer: PeerHandle, _ rivals: inout [Rival]?, _ now: Instant
    ) -> Pick? {
        if peers[peer].isChoking { return pickFast(peer, now) }
        if wishHead < wishes.count, let pick = pickWish(peer, &rivals, now) { return pick }
        if let pick = pickOpen(peer) { return pick }
        if let pick = pickNew(peer) { return pick }
        return pickCopy(peer, now)
    }

    /// Whether a peer may be asked for blocks of `piece`.
    func mayAsk(_ peer: PeerHandle, _ piece: PieceIndex) -> Bool {
        guard peers[peer].hasPiece(piece) else { return false }
        guard let at = open.place(of: piece), let only = open[at]?.only else { return true }
        return only == peer
    }

    /// What a choked peer gives all the same (BEP 6).
    ///
    /// While a reader is in need, what it stands before; of what it needs within a few seconds one
    /// block, as any more would stand before that once the peer unchokes.
    private mutating func pickFast(_ peer: PeerHandle, _ now: Instant) -> Pick? {
        let isUrgent = isUrgent(now)
        for piece in peers[peer].fastFromIt where isWanted(piece) && mayAsk(peer, piece) {
            if isUrgent, !isWorth(piece, peers[peer].requests.count, now) { continue }
            if let pick = free(in: piece) { return pick }
        }
        return nil
    }

    private func isWorth(_ piece: PieceIndex, _ asked: Int, _ now: Instant) -> Bool {
        guard let wish = wishes.first(where: { $0.piece == piece }) else { return false }
        return wish.isBlocking || asked == 0 && wish.due < now + settings.urgent
    }

    /// A free block of a piece, which is begun if it has not been.
    mutating func free(in piece: PieceIndex) -> Pick? {
        guard checking[piece] == nil else { return nil }
        let at = open.place(of: piece) ?? begin(piece)
        return open.firstFree(at).map { Pick(at: at, block: $0) }
    }

    private mutating func begin(_ piece: PieceIndex) -> Int {
        claimed.insert(piece)
        rarity.remove(piece)
        wantLeaves(piece)
        return open.open(piece, blockCount: blockCount(of: piece))
    }

    /// The oldest piece with a free block: what has been begun is to become whole.
    private mutating func pickOpen(_ peer: PeerHandle) -> Pick? {
        for at in open.withFree {
            guard let piece = open[at]?.piece, mayAsk(peer, piece), let block = open.firstFree(at)
            else { continue }
            return Pick(at: at, block: block)
        }
        return nil
    }

    private mutating func pickNew(_ peer: PeerHandle) -> Pick? {
        guard rarity.count > 0, (open.count + 1) * layout.pieceLength <= mostOpenBytes
        else { return nil }
        let found = inOrder(peer) ?? rarest(peer)
        return found.flatMap { free(in: $0) }
    }

    var mostOpenBytes: Int { max(settings.openPieces, layout.pieceLength * 4) }

    /// Where everybody has everything, rarity says nothing, and the order of the file is best for
    /// players and disks.
    private mutating func inOrder(_ peer: PeerHandle) -> PieceIndex? {
        guard seeds == swarmCount, peers[peer].isSeed else { return nil }
        let next = claimed.firstMissing(from: cursor) ?? claimed.firstMissing(from: PieceIndex(0))
        if let next { cursor = next.advanced(by: 1) }
        return next
    }

    private func rarest(_ peer: PeerHandle) -> PieceIndex? {
        let state = peers[peer]
        let near = rarity.first(least: seeds > 0 ? 0 : 1, looks: Self.looks) { state.hasPiece($0) }
        if let near { return near }
        guard rarity.count > Self.looks, let has = state.has else { return nil }
        return has.first(notIn: claimed)
    }
}
