// When a newcomer asks a second neighbour for what its player waits for. A few blocks that come
// twice buy a start that no single slow line delays (Dean and Barroso, The Tail at Scale, 2013).
// A pure function of plain values.

import Primitives

/// Asking twice at the beginning.
enum Hedging {
    /// The pieces that count as a newcomer's first key frame, of `pieceLength` bytes each: 64 KiB.
    static func openingPieces(of pieceLength: Int) -> Int { max(2, 65_536 / pieceLength) }

    /// How many neighbours are asked for one thing at most: two, and three where a player stands
    /// before it or has not begun.
    static func mostAsked(isBlocking: Bool) -> Int { isBlocking ? 3 : 2 }

    /// Whether a piece that `asks` neighbours were asked for, the last `waited` ago, is asked of
    /// another: after `patience`, and of one more where it belongs to the first key frame.
    static func isDue(
        asks: Int, waited: Interval, isOpening: Bool, patience: Interval
    ) -> Bool {
        asks < mostAsked(isBlocking: isOpening) && waited > patience
    }

    /// How long a piece is waited for: `usual`, and four fifths of it for the first key frame.
    ///
    /// Shorter, and nearly all of it is asked for twice, since a block takes 0.2 to 0.4 s while a
    /// swarm grows; the copies then are what others wait for.
    static func patience(isOpening: Bool, usual: Interval) -> Interval {
        isOpening ? usual * 0.8 : usual
    }
}
