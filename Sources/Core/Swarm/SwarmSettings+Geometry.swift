// What settings in bytes and blocks become for streams in larger pieces. Numbers only; what is done
// with them is the engine's.

import Pieces

extension SwarmSettings {
    /// Grows what is given for pieces of one block to the pieces of `geometry`.
    ///
    /// A stream has 8 to 16 pieces a second whatever its rate (`PieceGeometry.pieceLength`), so what
    /// is meant as a part of a second is a number of pieces: four blocks under way were a third of a
    /// second at 1.5 Mbit/s, and would be a twentieth at 8 Mbit/s.
    mutating func fit(_ geometry: PieceGeometry) {
        let blocks = geometry.blocksPerPiece
        initialInFlight = min(initialInFlight * blocks, 4 << 20)
        leastInFlight = min(leastInFlight * blocks, 4 << 20)
        catchUpQueue *= blocks
        rescueBurst *= blocks
    }
}
