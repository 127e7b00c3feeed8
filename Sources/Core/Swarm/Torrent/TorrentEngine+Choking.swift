// The slots: dealt anew every ten seconds, one of them by lot every thirty, and given at once to
// whoever becomes interested while one is free. Waiting for the next deal costs a newcomer up to
// ten seconds, and nobody gains by it.

import Pieces
import Primitives
import Wire

extension TorrentEngine {
    private static let round = Interval.seconds(10)
    private static let luck = Interval.seconds(30)

    mutating func interested(
        _ peer: PeerHandle, _ now: Instant, _ outputs: inout [TorrentOutput]
    ) {
        guard !peers[peer].isInterested else { return }
        peers[peer].isInterested = true
        unchokeMore(now, &outputs)
    }

    mutating func notInterested(
        _ peer: PeerHandle, _ now: Instant, _ outputs: inout [TorrentOutput]
    ) {
        guard peers[peer].isInterested else { return }
        peers[peer].isInterested = false
        guard !peers[peer].isChoked else { return }
        choke(peer, &outputs)
        unchokeMore(now, &outputs)
    }

    /// Gives free slots to those who want blocks, the first to come first.
    mutating func unchokeMore(_ now: Instant, _ outputs: inout [TorrentOutput]) {
        var free = settings.uploadSlots - peers.handles.count { !peers[$0].isChoked }
        for peer in peers.handles where free > 0 && peers[peer].isInterested {
            guard peers[peer].isChoked, !peers[peer].isSeed else { continue }
            unchoke(peer, now, &outputs)
            free -= 1
        }
    }

    /// Deals the slots.
    mutating func deal(_ now: Instant, _ outputs: inout [TorrentOutput]) {
        timers.wake(.choke, by: now + Self.round)
        let span = max(1, (now - dealtAt).seconds)
        dealtAt = now
        for peer in peers.handles { measure(peer, span) }
        let wanting = peers.handles.filter { peers[$0].isInterested && !peers[$0].isSeed }
        var chosen = Set(
            TitForTat.choose(
                wanting.map { candidate($0) }, slots: settings.uploadSlots - 1,
                isSeed: isFinished, at: now))
        let others = wanting.filter { !chosen.contains($0) }
        if now - optimisticAt >= Self.luck || optimistic.map({ !others.contains($0) }) ?? true {
            optimistic = others.randomElement(using: &random)
            optimisticAt = now
        }
        if let optimistic { chosen.insert(optimistic) }
        for peer in peers.handles where !peers[peer].isChoked && !chosen.contains(peer) {
            choke(peer, &outputs)
        }
        for peer in wanting where chosen.contains(peer) && peers[peer].isChoked {
            unchoke(peer, now, &outputs)
        }
    }

    private mutating func measure(_ peer: PeerHandle, _ span: Double) {
        let came = peers[peer].received - peers[peer].receivedBefore
        let went = peers[peer].sent - peers[peer].sentBefore
        peers[peer].gives = ByteRate(bytesPerSecond: Double(came) / span)
        peers[peer].gets = ByteRate(bytesPerSecond: Double(went) / span)
        peers[peer].receivedBefore = peers[peer].received
        peers[peer].sentBefore = peers[peer].sent
    }

    private func candidate(_ peer: PeerHandle) -> TitForTat.Candidate {
        TitForTat.Candidate(
            peer: peer, gives: peers[peer].gives, gets: peers[peer].gets,
            since: peers[peer].isChoked ? nil : peers[peer].unchokedAt)
    }

    private mutating func choke(_ peer: PeerHandle, _ outputs: inout [TorrentOutput]) {
        peers[peer].isChoked = true
        outputs.append(.send(peer, .choke))
        dropUploads(peer, &outputs)
    }

    private mutating func unchoke(
        _ peer: PeerHandle, _ now: Instant, _ outputs: inout [TorrentOutput]
    ) {
        peers[peer].isChoked = false
        peers[peer].unchokedAt = now
        outputs.append(.send(peer, .unchoke))
    }
}
