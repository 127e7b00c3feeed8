// What the picker and the status page ask the schedule. Changes nothing.

package import Pieces
package import Primitives

extension PlayoutSchedule {
    /// The next piece to emit; nil before tune-in.
    package var playPoint: PieceIndex? { mode == .idle ? nil : pieces.first }

    /// The pieces that are kept track of from the play point on; nil before tune-in.
    package var horizon: Range<PieceIndex>? { playPoint.map { $0..<pieces.end } }

    /// How long after its nominal moment a piece may still come.
    package var lagTarget: Interval { lag.value }

    /// The average duration of a piece by the source's clock.
    package var pieceDuration: Interval { pieces.duration }

    /// Whether the piece is there and waits for one before it.
    package func isPresent(_ piece: PieceIndex) -> Bool {
        mode != .idle && pieces.isPresent(piece)
    }

    /// Whether the player has run dry.
    package var isStalled: Bool {
        if case .stalled = mode { true } else { false }
    }

    /// When `piece` is due at the player; nil before tune-in and for what has been played.
    ///
    /// The anchor plus the source's time from the anchored piece to this one plus the lag
    /// target; where a record is missing, the average duration of a piece stands in.
    package func deadline(of piece: PieceIndex) -> Instant? {
        guard let anchor, piece >= pieces.first else { return nil }
        guard let wall = pieces.estimatedWall(of: piece),
            let start = anchor.wall ?? pieces.estimatedWall(of: anchor.piece)
        else {
            return anchor.at + pieces.duration * Double(anchor.piece.distance(to: piece))
                + lag.value
        }
        return anchor.at + (wall - start) + lag.value
    }

    /// By how much the newest known piece is newer than the play point, by the source's clock.
    package var behindNewest: Interval {
        guard mode != .idle, let newest = pieces.newest else { return .zero }
        let count = pieces.first.distance(to: newest.piece)
        guard count > 0 else { return .zero }
        // A guessed time may lie on the other side of a pause of the source.
        guard let wall = pieces.wall(of: pieces.first) else {
            return pieces.duration * Double(count)
        }
        return max(newest.wall - wall, .zero)
    }

    /// Whether the rings, the mode and the anchor agree; for tests and the simulator.
    package func checkInvariants() -> Bool {
        pieces.checkInvariants() && (mode == .idle) == (anchor == nil)
    }
}
