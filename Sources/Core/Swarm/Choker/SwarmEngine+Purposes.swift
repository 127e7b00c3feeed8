// What a block is sent for, which decides its place among those that wait: a newcomer's first key
// frame, its backlog, or a piece that hardly anybody holds. The choices are in Opening and
// Scarcity; here is gathered what they look at.

import Metainfo
import Pieces
import Primitives

extension SwarmEngine {
    /// What a block is sent for that goes before the stream's order, or nil.
    mutating func special(
        _ peer: PeerHandle, _ block: Block, _ now: Instant
    ) -> Upload.Purpose? {
        if isOpening(block.piece, for: peer, now) { return .opening }
        return isScarce(block.piece) ? .scarce : nil
    }

    /// Whether `piece` belongs to the key frame with which a newcomer begins.
    private mutating func isOpening(
        _ piece: PieceIndex, for peer: PeerHandle, _ now: Instant
    ) -> Bool {
        guard settings.policies.contains(.opening), let state = peers[peer],
            Opening.isDue(age: now - state.joinedAt, given: state.openings, settings)
        else { return false }
        let copies = table[piece].copies + uploads.waiting(for: piece, as: .opening)
        if Opening.isSpread(copies: copies, settings) { return false }
        let first = piece.advanced(by: 1 - settings.openingPieces)
        guard !metainfo.randomAccessPoints(in: first..<piece.advanced(by: 1)).isEmpty else {
            return false
        }
        peers[peer]?.openings += 1
        return true
    }

    /// Whether `piece` has fallen out of its tree: it is asked for again and again of the few who
    /// hold it, and is spread by them like a new one.
    private func isScarce(_ piece: PieceIndex) -> Bool {
        guard settings.policies.contains(.scarcity), let edge, settings.role != .source
        else { return false }
        return Scarcity.isScarce(
            age: piece.distance(to: edge), stripes: settings.stripes,
            copies: table[piece].copies + uploads.waiting(for: piece, as: .scarce),
            holders: peers.holders(of: piece), neighbours: peers.count)
    }

    /// Whether a newcomer's request goes along with the live stream.
    ///
    /// A key frame and a moment of stream from each neighbour let a player begin; given to all
    /// who fall behind, everybody would.
    mutating func welcomes(_ peer: PeerHandle, _ block: Block, _ now: Instant) -> Bool {
        guard settings.policies.contains(.welcome),
            let joinedAt = peers.look(peer, \.joinedAt), now - joinedAt < settings.newcomer
        else { return false }
        let rate = ByteRate(bytesPerSecond: streamRate.bytesPerSecond * settings.welcomeShare)
        return welcome.take(Int(block.length), rate: rate, depth: settings.welcomeBurst, at: now)
    }
}
