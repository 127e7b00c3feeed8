// What peers ask of us: judged, kept in order, and handed out as fast as their connections and the
// limit take it.

import Pieces
import Primitives
import Wire

extension TorrentEngine {
    /// How long served requests are kept at the front of a queue before they are dropped.
    private static let served = 128
    /// Bytes handed to a slow connection: two blocks, of which one is on its way.
    private static let leastWindow = 32_768
    /// How far ahead a connection is given blocks, in seconds of its rate.
    private static let lead = 0.1

    mutating func requested(
        _ peer: PeerHandle, _ block: Block, _ now: Instant, _ outputs: inout [TorrentOutput]
    ) {
        guard isWellFormed(block) else {
            return close(peer, .misbehaved("a request that cannot be"), now, &outputs)
        }
        let isAllowed = !peers[peer].isChoked || peers[peer].fastToIt.contains(block.piece)
        guard isAllowed, have.contains(block.piece),
            peers[peer].waiting < mostQueued(of: peer)
        else {
            guard affords(peer, 1, now, &outputs), peers[peer].isFast else { return }
            outputs.append(.send(peer, .reject(block)))
            return
        }
        peers[peer].uploads.append(block)
        serve(peer, now, &outputs)
    }

    private func mostQueued(of peer: PeerHandle) -> Int {
        peers[peer].isFast ? settings.mostQueuedRequests : settings.mostQueuedWithoutReject
    }

    private func isWellFormed(_ block: Block) -> Bool {
        guard let whole = layout.length(ofPiece: block.piece),
            let askable = layout.askableLength(ofPiece: block.piece), block.length > 0,
            block.length <= settings.longestBlock, Int(block.offset) < whole
        else { return false }
        return Int(block.length) <= askable - Int(block.offset)
    }

    /// Requests of a peer that are looked through for one that it takes back, the oldest first.
    ///
    /// Whoever has more under way gets a block that it does not need any more.
    private static let looks = 1024

    mutating func cancelled(
        _ peer: PeerHandle, _ block: Block, _ outputs: inout [TorrentOutput]
    ) {
        let first = peers[peer].uploads[peers[peer].uploadHead...].prefix(Self.looks)
        guard let at = first.firstIndex(of: block) else { return }
        peers[peer].uploads.remove(at: at)
        // BEP 6: each request is answered, by a block or a REJECT.
        if peers[peer].isFast { outputs.append(.send(peer, .reject(block))) }
    }

    mutating func drained(
        _ peer: PeerHandle, _ queued: Int, _ now: Instant, _ outputs: inout [TorrentOutput]
    ) {
        guard peers.contains(peer) else { return }
        adapt(peer, landed: peers[peer].inFlight - queued, now)
        peers[peer].inFlight = queued
        serve(peer, now, &outputs)
    }

    /// What is handed out can be neither cancelled nor put behind something else: a slow line gets
    /// a tenth of a second ahead, a fast one as much as keeps it busy between two turns of a loop.
    private mutating func adapt(_ peer: PeerHandle, landed: Int, _ now: Instant) {
        guard landed > 0 else { return }
        peers[peer].outflow.came(landed, at: now)
        let ahead = (peers[peer].outflow.rate ?? .zero).bytesPerSecond * Self.lead
        peers[peer].sendWindow = min(
            max(Int(min(ahead, 1e9)), Self.leastWindow), settings.sendWindow)
    }

    mutating func keep(
        to rate: ByteRate?, _ now: Instant, _ outputs: inout [TorrentOutput]
    ) {
        settings.upLimit = rate
        if let rate, limit != nil {
            limit?.change(to: rate, at: now)
        } else {
            limit = rate.map { RateLimit($0, unit: RateLimit.onLine(16_397)) }
        }
        serveAll(now, &outputs)
    }

    mutating func serveAll(_ now: Instant, _ outputs: inout [TorrentOutput]) {
        // Whoever was last comes first next time: a limit serves all alike.
        for peer in peers.handles.shuffled(using: &random) where peers[peer].waiting > 0 {
            serve(peer, now, &outputs)
        }
    }

    /// Hands out what a peer's connection has room for.
    mutating func serve(_ peer: PeerHandle, _ now: Instant, _ outputs: inout [TorrentOutput]) {
        while peers[peer].waiting > 0, peers[peer].inFlight < peers[peer].sendWindow {
            let block = peers[peer].uploads[peers[peer].uploadHead]
            let size = Int(block.length)
            if let at = limit?.admit(RateLimit.onLine(size + 13), at: now) {
                return timers.wake(.serve, by: at)
            }
            peers[peer].uploadHead += 1
            if peers[peer].uploadHead > Self.served {
                peers[peer].uploads.removeFirst(peers[peer].uploadHead)
                peers[peer].uploadHead = 0
            }
            if peers[peer].inFlight == 0 { peers[peer].outflow.began(at: now) }
            peers[peer].inFlight += size
            peers[peer].sent += size
            peers[peer].usedAt = now
            counters.sentBytes += size
            outputs.append(.sendBlock(peer, block))
        }
        guard peers[peer].waiting == 0, peers[peer].uploadHead > 0 else { return }
        peers[peer].uploads.removeAll(keepingCapacity: true)
        peers[peer].uploadHead = 0
    }

    /// Serves nothing of what waits; with BEP 6 each is refused by name.
    mutating func dropUploads(_ peer: PeerHandle, _ outputs: inout [TorrentOutput]) {
        let waiting = peers[peer].uploads[peers[peer].uploadHead...]
        let kept = waiting.filter { peers[peer].fastToIt.contains($0.piece) && peers[peer].isFast }
        if peers[peer].isFast {
            for block in waiting where !kept.contains(block) {
                outputs.append(.send(peer, .reject(block)))
            }
        }
        peers[peer].uploads = kept
        peers[peer].uploadHead = 0
    }
}
