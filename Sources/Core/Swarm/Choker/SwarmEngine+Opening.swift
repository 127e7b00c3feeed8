// Which blocks belong to a newcomer's first key frame. The choice is in Opening; here is gathered
// what it looks at.

import Metainfo
import Pieces
import Primitives

extension SwarmEngine {
    /// Whether `piece` belongs to the key frame with which a newcomer begins.
    mutating func isOpening(
        _ piece: PieceIndex, for peer: PeerHandle, _ now: Instant
    ) -> Bool {
        guard settings.policies.contains(.opening), let state = peers[peer],
            Opening.isDue(
                age: now - state.newSince, given: state.openings / geometry.blocksPerPiece,
                settings)
        else { return false }
        let sent = table[piece].blocksSent / geometry.blocksPerPiece
        let copies = sent + uploads.waiting(for: piece, as: .opening)
        if Opening.isSpread(copies: copies, settings) { return false }
        let first = piece.advanced(by: 1 - settings.openingPieces)
        guard !metainfo.randomAccessPoints(in: first..<piece.advanced(by: 1)).isEmpty else {
            return false
        }
        peers[peer]?.openings += 1
        return true
    }
}
