// Where a viewer begins: the newest key frame that its neighbours can serve at once.
// A pure function of what is known; asks nobody.

import Metainfo
import Pieces

/// The choice of a tune-in point.
enum TuneIn {
    /// The newest of `points` (newest first) whose piece at least `needed` neighbours hold.
    ///
    /// `holders` says how many neighbours hold a piece. A key frame that has only just left the
    /// source is held by few: waiting for it costs more than starting a second earlier.
    static func choose(
        points: [RandomAccessPoint], needed: Int, holders: (PieceIndex) -> Int
    ) -> RandomAccessPoint? {
        points.first { holders($0.piece) >= needed }
    }

    /// How many holders are asked for, with `neighbours` that hold anything.
    static func holdersNeeded(neighbours: Int) -> Int {
        neighbours <= 1 ? 1 : min(3, (neighbours + 1) / 2)
    }
}
