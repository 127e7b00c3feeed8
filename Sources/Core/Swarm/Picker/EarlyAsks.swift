// What was asked for along with our handshakes, of peers that have not answered yet: nobody else is
// asked for it for a moment. Sends nothing, and knows nothing of what such a peer holds.

import Pieces
import Primitives

/// Pieces that peers were asked for before they answered our handshake.
struct EarlyAsks: Sendable {
    private struct Entry: Sendable {
        let endpoint: Endpoint
        let at: Instant
        let pieces: [PieceIndex]
    }

    private var entries: [Entry] = []
    /// For how long a piece is kept for a peer that has not answered: two round trips on a home
    /// line, and what waits in its modem's queue.
    private let patience: Interval
    /// For how long an answer is expected at all: the time for a whole greeting.
    private static let longest = Interval.seconds(10)

    init(patience: Interval) { self.patience = patience }

    /// Notes that the peer at `endpoint` was asked for `pieces` along with the handshake.
    mutating func note(_ pieces: [PieceIndex], of endpoint: Endpoint, at now: Instant) {
        entries.removeAll { now - $0.at > Self.longest || $0.endpoint == endpoint }
        guard !pieces.isEmpty else { return }
        entries.append(Entry(endpoint: endpoint, at: now, pieces: pieces))
    }

    /// Whether somebody may still be about to answer with `piece`.
    func hold(_ piece: PieceIndex, at now: Instant) -> Bool {
        entries.contains { now - $0.at < patience && $0.pieces.contains(piece) }
    }

    /// What the peer at `endpoint` was asked for, which has answered or never will.
    mutating func take(_ endpoint: Endpoint) -> [PieceIndex] {
        guard let at = entries.firstIndex(where: { $0.endpoint == endpoint }) else { return [] }
        return entries.remove(at: at).pieces
    }

    /// Of `wanted`, in the order in which they are, those that one of `dials` peers that are being
    /// dialled is asked for: its share, `most` at most.
    static func share(of wanted: [PieceIndex], among dials: Int, most: Int) -> [PieceIndex] {
        let dials = max(dials, 1)
        return Array(wanted.prefix(min(most, (wanted.count + dials - 1) / dials)))
    }
}
