// Blocks come, are taken back, or do not come.

package import Pieces
import Primitives
import Wire

extension TorrentEngine {
    /// Requests taken back that are remembered for a peer: their blocks may still come.
    private static let remembered = 512

    /// Takes blocks that came together, and asks for others once for all of them.
    mutating func received(
        _ peer: PeerHandle, _ blocks: some Collection<Block>, _ now: Instant,
        _ outputs: inout [TorrentOutput]
    ) {
        var isBlock = false
        var isMissing = false
        for block in blocks where peers.contains(peer) {
            peers[peer].heardAt = now
            downLimit?.came(Int(block.length), at: now)
            guard let number = number(of: block) else {
                waste(peer, block, now, &outputs)
                continue
            }
            isBlock = true
            guard isOwed(peer, block, number, now) else {
                waste(peer, block, now, &outputs)
                continue
            }
            keep(peer, block, number, now, &outputs)
            isMissing = true
        }
        if isBlock { fill(peer, now, &outputs) }
        // Where everybody has as much to do as is good, a piece that is needed now goes on.
        guard isMissing, isUrgent(now) else { return }
        let isIdle = blocks.contains { block in
            open.place(of: block.piece).map { open[$0]?.isIdle == true } ?? false
        }
        if isIdle { askBlocking(now, &outputs) }
    }

    private mutating func waste(
        _ peer: PeerHandle, _ block: Block, _ now: Instant, _ outputs: inout [TorrentOutput]
    ) {
        counters.wastedBytes += Int(block.length)
        glitch(peer, "blocks that nobody asked for", now, &outputs)
    }

    /// Whether a peer was asked for a block, though it may have been taken back.
    private mutating func isOwed(
        _ peer: PeerHandle, _ block: Block, _ number: Int, _ now: Instant
    ) -> Bool {
        let wasAsked = peers[peer].requests.take(block.piece, UInt32(number)) != nil
        if !wasAsked {
            let at = peers[peer].withdrawn.firstIndex {
                $0.piece == block.piece && $0.block == UInt32(number)
            }
            guard let at else { return false }
            peers[peer].withdrawn.remove(at: at)
            peers[peer].heed = max(-8, peers[peer].heed - 1)
        }
        delivered(peer, Int(block.length), now)
        return true
    }

    private mutating func delivered(_ peer: PeerHandle, _ count: Int, _ now: Instant) {
        peers[peer].blockAt = now
        peers[peer].isSnubbed = false
        peers[peer].failures = 0
        if peers[peer].isWeb { counters.webBytes += count }
        peers[peer].received += count
        peers[peer].usedAt = now
        peers[peer].throughput.came(count, at: now)
        peers[peer].pipeline.came(count, at: now)
    }

    private mutating func keep(
        _ peer: PeerHandle, _ block: Block, _ number: Int, _ now: Instant,
        _ outputs: inout [TorrentOutput]
    ) {
        guard let at = open.place(of: block.piece),
            let came = open.arrived(at, number, from: peer, serial: peers[peer].serial)
        else { return counters.wastedBytes += Int(block.length) }
        counters.usefulBytes += Int(block.length)
        outputs.append(.accept(block))
        if came.others.count > 0 {
            for other in came.others.all where peers.contains(other) {
                guard let asked = peers[other].requests.take(block.piece, UInt32(number))
                else { continue }
                remember(asked, of: other)
                outputs.append(.send(other, .cancel(block)))
            }
        }
        guard came.isWhole, let whole = open.close(block.piece) else { return }
        checking[block.piece] = whole
    }

    /// Up to `most` blocks that a peer was asked for first, without `begun`: mostly what it sends
    /// next, as peers answer in order.
    package func expected(of peer: PeerHandle, besides begun: Block?, most: Int) -> [Block] {
        guard peers.contains(peer) else { return [] }
        let first = peers[peer].requests.all.prefix(most + 1)
        let blocks = first.map { block(Int($0.block), of: $0.piece) }
        return Array(blocks.filter { $0 != begun }.prefix(most))
    }

    // MARK: Taking back

    /// Takes a request back; its block may still come.
    mutating func withdraw(
        _ peer: PeerHandle, _ piece: PieceIndex, _ number: Int, _ outputs: inout [TorrentOutput]
    ) {
        guard let asked = peers[peer].requests.take(piece, UInt32(number)) else { return }
        open.release(piece, number, peer)
        remember(asked, of: peer)
        outputs.append(.send(peer, .cancel(block(number, of: piece))))
    }

    private mutating func remember(_ asked: Asked, of peer: PeerHandle) {
        // Of what a web seed is not to fetch nothing comes.
        guard !peers[peer].isWeb else { return }
        // Without BEP 6 nothing says that a block will not come.
        if !peers[peer].isFast {
            peers[peer].withdrawn.removeAll { asked.at - $0.at > .seconds(5) }
        }
        if peers[peer].withdrawn.count < Self.remembered { peers[peer].withdrawn.append(asked) }
    }

    /// Nothing more is expected of a peer.
    mutating func forgetRequests(_ peer: PeerHandle) {
        for asked in peers[peer].requests.all {
            open.release(asked.piece, Int(asked.block), peer)
        }
        peers[peer].requests.removeAll()
        peers[peer].withdrawn = []
        open.unreserve(peer)
        wishHead = 0
    }

    /// Notes that a peer stands still, and lets others have what it was asked for.
    ///
    /// It keeps one request, to show that it moves again. The bound is that of libtorrent: 20 s
    /// where nobody waits for it; a reader does not wait that long.
    mutating func snub(_ peer: PeerHandle, _ now: Instant, _ outputs: inout [TorrentOutput]) {
        peers[peer].withdrawn.removeAll { now - $0.at > .seconds(10) }
        guard peers[peer].requests.count > 0 else { return }
        guard !peers[peer].isSnubbed else { return giveWay(peer, &outputs) }
        let each = (peers[peer].throughput.rate ?? typicalRate).duration(
            of: PieceGeometry.blockLength)
        let least: Interval = isUrgent(now) ? .seconds(2) : .seconds(10)
        let patience = min(max(least, each * 5) + peers[peer].roundTrip * 4, .seconds(20))
        guard now - peers[peer].blockAt > patience else { return }
        peers[peer].isSnubbed = true
        peers[peer].pipeline.restart(first: settings.firstRequests)
        open.unreserve(peer)
        for asked in peers[peer].requests.all.dropFirst() {
            withdraw(peer, asked.piece, Int(asked.block), &outputs)
        }
        wishHead = 0
    }
    /// Takes from a peer that stands still also its last request, where the block was asked of as many
    /// as may be: one of them makes way for others.
    private mutating func giveWay(_ peer: PeerHandle, _ outputs: inout [TorrentOutput]) {
        guard let kept = peers[peer].requests.first, let at = open.place(of: kept.piece),
            let asked = open[at]?.blocks[Int(kept.block)].asked,
            asked.count >= Requesters.most
        else { return }
        withdraw(peer, kept.piece, Int(kept.block), &outputs)
        wishHead = 0
    }
}
