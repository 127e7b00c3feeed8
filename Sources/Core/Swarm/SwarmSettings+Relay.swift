// What a relay does differently from a viewer: it has more to give, and nobody watches there.
// Numbers only; what is done with them is the engine's.

package import Pieces
package import Primitives

extension SwarmSettings {
    /// The tunables of a volunteer with a server's line, before anything is known of its rate.
    mutating func becomeRelay() {
        // Whoever feeds many must know many: a neighbour takes eight feeds at most.
        targetPeers = 24
        maxPeers = 160
        // Its places are bounded by its feed slots, not by choking.
        unchoked = maxPeers
        // Four copies: a line that is given to a relay carries that, and if not it adapts.
        initialSlots = 32
        // 20 Mbit/s over a path of 100 ms. A server's line has no modem whose queue could fill.
        initialInFlight = 262_144
        leastInFlight = 262_144
        // Newcomers are what a relay is good at: half a second of 8 Mbit/s.
        catchUpQueue = 32
    }

    /// Begins with as much as an upload of `limit` carries of a stream in pieces of `geometry`.
    ///
    /// A stream has 8 to 16 pieces a second (`PieceGeometry.pieceLength`), so a feed, an eighth
    /// of it, takes up to two piece lengths a second. A fifth of the line is left for newcomers.
    package mutating func begin(with limit: ByteRate, geometry: PieceGeometry) {
        upLimit = limit
        let rate = min(max(limit.bytesPerSecond, 0), 1e10)
        let feeds = Int(0.8 * rate / Double(2 * geometry.pieceLength))
        initialSlots = min(max(feeds, stripes), maxPeers * stripes)
        // What the limit carries in a second may be under way: the limit keeps queues short, and
        // viewers whose own lines are full acknowledge late.
        leastInFlight = min(max(Int(rate), 65_536), 4 << 20) / geometry.blocksPerPiece
        initialInFlight = leastInFlight
        let halfSecond = Int(rate / 2) / geometry.pieceLength
        catchUpQueue = min(max(halfSecond, 6), 64)
    }
}
