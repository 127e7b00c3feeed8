// In which order missing pieces are asked for: deadline-aware windows blended with rarest-first.
// A pure function; whom to ask is HolderPolicy's business.

import Pieces
import Primitives

/// A piece that is missing and not asked for.
struct Candidate: Hashable, Sendable {
    var piece: PieceIndex
    /// When the player needs it; `never` where there is no player.
    var due: Instant
    /// How many neighbours hold it.
    var holders: Int
}

/// The order of picking.
enum PickOrder {
    /// First what is due within `urgent` of now, earliest deadline first; then the rest, rarest
    /// first with ties to the newest (field notes: rarest-plus-newest is what spreads).
    static func sorted(
        _ candidates: [Candidate], now: Instant, urgent: Interval
    ) -> [Candidate] {
        let limit = now + urgent
        return candidates.sorted { a, b in
            switch (a.due <= limit, b.due <= limit) {
            case (true, true): return a.piece < b.piece
            case (true, false): return true
            case (false, true): return false
            case (false, false):
                return a.holders != b.holders ? a.holders < b.holders : a.piece > b.piece
            }
        }
    }
}
