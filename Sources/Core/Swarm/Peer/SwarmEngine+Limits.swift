// What a neighbour may cost: messages a second, and a place among the neighbours. Whoever floods
// is closed before it matters, and whoever is of no use makes room for others.

import Primitives
import Wire

/// What one peer may say: a bucket of messages, blocks not counted.
///
/// 2,000 a second are 250 Mbit/s worth of requests, and 8,000 at once are the backlog of a minute;
/// a flood reaches its end within a tenth of a second's work.
struct Allowance: Sendable {
    private var left = Double(Self.most)
    private var filledAt = Instant.zero

    /// What it holds when it is full, in simple messages.
    static let most = 8000
    private static let perSecond = 2000.0

    /// Takes `cost` from it and answers whether it was there.
    mutating func spend(_ cost: Int, at now: Instant) -> Bool {
        left = min(Double(Self.most), left + (now - filledAt).seconds * Self.perSecond)
        filledAt = now
        guard left >= Double(cost) else { return false }
        left -= Double(cost)
        return true
    }
}

extension LiveMessage {
    /// How much work it makes, in simple messages.
    var cost: Int {
        switch self {
        case .records(let records): records.count
        case .have(let map): 1 + map.bitmap.count / 4
        case .wantRecords: 8
        case .status: 4
        case .forget, .unknown: 1
        }
    }
}

extension SwarmEngine {
    /// A neighbour that has not said by then what it speaks is closed: the total deadline of
    /// both handshakes (libtorrent: 10 s).
    private static let greetingPatience = Interval.seconds(10)
    /// After this long a neighbour that neither gave nor took anything may be replaced.
    private static let trialTime = Interval.seconds(4)

    /// Whether `peer` is still here and may say something that costs this much.
    mutating func affords(
        _ peer: PeerHandle, _ cost: Int, _ now: Instant, _ outputs: inout [SwarmOutput]
    ) -> Bool {
        guard peers.contains(peer) else { return false }
        var isThere = false
        peers.update(peer) { isThere = $0.allowance.spend(cost, at: now) }
        if isThere { return true }
        close(peer, .misbehaved("a flood of messages"), now, &outputs)
        return false
    }

    /// Closes a neighbour that greeted, but not with the extension handshake.
    mutating func expectGreeting(
        _ peer: PeerHandle, _ now: Instant, _ outputs: inout [SwarmOutput]
    ) {
        guard let state = peers[peer], !state.isLive,
            now - state.joinedAt > Self.greetingPatience
        else { return }
        close(peer, .notLive, now, &outputs)
    }

    /// Makes room where all places are taken, or answers that everybody there is of use.
    ///
    /// The first to go is who has been here longest without giving or taking a block.
    mutating func makeRoom(_ now: Instant, _ outputs: inout [SwarmOutput]) -> Bool {
        guard peers.count >= settings.maxPeers else { return true }
        let useless = peers.filter {
            !$0.introduction.outgoing && $0.received == 0 && $0.sent == 0 && !$0.isSource
                && now - $0.joinedAt > Self.trialTime
        }
        let parents = stripes.compactMap(\.parent)
        let oldest = useless.filter { !parents.contains($0) }.min { a, b in
            (peers.look(a, \.joinedAt) ?? now) < (peers.look(b, \.joinedAt) ?? now)
        }
        guard let oldest else { return false }
        close(oldest, .full, now, &outputs)
        return true
    }
}
