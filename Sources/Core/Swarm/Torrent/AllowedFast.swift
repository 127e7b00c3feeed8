// Which pieces a choked peer may ask for (BEP 6): a newcomer's first ones, to have something to
// trade with.

import Pieces
import Primitives

/// The choice of allowed-fast pieces.
enum AllowedFast {
    /// At most `count` pieces by lot.
    ///
    /// BEP 6 derives them from the peer's address, so that one that comes back has no others; a
    /// seeded lot that begins with the address does the same within one run.
    static func pieces(
        for address: IPAddress, pieceCount: Int, count: Int
    ) -> [PieceIndex] {
        guard pieceCount > 0 else { return [] }
        var own = SeededRandom(
            seed: address.bytes.prefix(8).reduce(UInt64(pieceCount)) { $0 &* 257 &+ UInt64($1) })
        var out: [PieceIndex] = []
        for _ in 0..<min(count, pieceCount) {
            let piece = PieceIndex(UInt32(own.next() % UInt64(pieceCount)))
            if !out.contains(piece) { out.append(piece) }
        }
        return out
    }
}
