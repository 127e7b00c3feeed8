// The payload of an `lt_donthave` message (BEP 54): one piece that the sender has lost.
package import Pieces
import Primitives

/// The opposite of HAVE: the sender no longer has a piece (BEP 54).
package struct DontHave: Hashable, Sendable {
    /// The piece; whether it exists is for the receiver to check.
    package let piece: PieceIndex

    /// A notice that `piece` is gone.
    package init(piece: PieceIndex) { self.piece = piece }

    /// The four bytes of the payload.
    package var encoded: [UInt8] {
        var out: [UInt8] = []
        out.append(bigEndian: piece.value)
        return out
    }

    /// The notice in `payload`, which must be exactly four bytes, or nil.
    package static func decode(_ payload: Span<UInt8>) -> Self? {
        guard payload.count == 4 else { return nil }
        return Self(piece: PieceIndex(payload.word(at: 0)))
    }
}
