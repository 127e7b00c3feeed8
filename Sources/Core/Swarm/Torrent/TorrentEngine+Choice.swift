// What of a torrent is wanted: the pieces of the files that were chosen, and of the others what
// somebody reads. Tells peers whether they have any of it; whom to ask is decided elsewhere.

import Pieces
import Primitives
import Wire

extension TorrentEngine {
    /// How long peers are kept for a reader that is gone: a player that jumps closes one request and
    /// opens the next, and who says not interested meanwhile loses its slots.
    private static let memory = Interval.seconds(10)

    /// Whether every piece that was chosen is there.
    package var isFinished: Bool { leftCount == 0 }

    /// Whether nothing is missing that anybody wants, or wanted a moment ago.
    func isSated(_ now: Instant) -> Bool {
        guard isFinished else { return false }
        guard !isComplete else { return true }
        return !isLacking && lackedAt.map { now - $0 > Self.memory } ?? true
    }

    /// Whether a reader lacks something, or something that was begun for one can become whole.
    private var isLacking: Bool {
        guard checking.isEmpty else { return true }
        let isBegun = open.places.contains { it in
            it.map { seeds + webSeeds > 0 || rarity.availability($0.piece) > 0 } ?? false
        }
        return isBegun || readers.ranges.contains { lacks($0) }
    }

    private func lacks(_ range: TorrentRange) -> Bool {
        guard !range.isEmpty else { return false }
        let unit = Int64(layout.pieceLength)
        let last = PieceIndex(UInt32(clamping: (range.upperBound - 1) / unit))
        let first = PieceIndex(UInt32(clamping: range.lowerBound / unit))
        return have.firstMissing(from: first).map { $0 <= last } ?? false
    }

    /// Notes that a reader lacks something that was not chosen, if one does.
    mutating func noteLack(_ now: Instant) {
        if isFinished, !isComplete, isLacking { lackedAt = now }
    }

    /// Whether `piece` is to be asked for.
    func isWanted(_ piece: PieceIndex) -> Bool {
        if !settled.contains(piece) { return true }
        guard !have.contains(piece) else { return false }
        return open.place(of: piece) != nil || wishes.contains { $0.piece == piece }
    }

    /// Whether a peer has anything that is wanted.
    func hasWanted(_ peer: PeerHandle) -> Bool {
        if !isFinished, peers[peer].isSeed { return true }
        if let has = peers[peer].has, settled.lacksAny(of: has) { return true }
        return wishes.contains { !have.contains($0.piece) && peers[peer].hasPiece($0.piece) }
    }

    /// Tells peers whether they have anything that is wanted, where that has changed.
    ///
    /// Interest that was said stays until nothing at all is wanted.
    mutating func reviewInterest(_ now: Instant, _ outputs: inout [TorrentOutput]) {
        if isSated(now) {
            for peer in peers.handles where peers[peer].isInteresting && !peers[peer].isWeb {
                peers[peer].isInteresting = false
                outputs.append(.send(peer, .notInterested))
            }
        } else if chosenCount < layout.pieceCount {
            for peer in peers.handles where !peers[peer].isInteresting && hasWanted(peer) {
                peers[peer].isInteresting = true
                outputs.append(.send(peer, .interested))
            }
        }
    }
}
