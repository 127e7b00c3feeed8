// Who can be asked for single pieces, found out once for all pieces of a plan: nothing of it changes
// while requests are put. Chooses nothing.

import Pieces
import Primitives

/// The neighbours that can be asked for single pieces at some moment.
struct Suppliers: Sendable {
    /// One of them.
    struct Supplier: Sendable {
        let peer: PeerHandle
        let isSource: Bool
        /// What it has lately given us.
        let rate: ByteRate
        /// Bytes that may be asked of it at once.
        let pipeline: Int
        /// The newest piece that it speaks of, and the oldest that it shows.
        let newest: PieceIndex?
        let first: PieceIndex?

        /// Whether it passed `piece` so long ago that it holds it surely, if it is fed there.
        func hasPassed(_ piece: PieceIndex, by span: Int) -> Bool {
            guard let newest, let first else { return false }
            return piece >= first && newest >= piece.advanced(by: span)
        }
    }

    private(set) var all: [Supplier]
    /// Room for those that hold a piece, so that it is not found anew for each.
    var holders: [Holder] = []

    /// Those of `peers` who serve us, are there and move.
    ///
    /// Of what exists already half a second of what a neighbour gives is asked at once, four
    /// blocks at least; of the source `ofSource` bytes.
    init(_ peers: PeerTable, ofSource: Int, quietAfter: Interval, at now: Instant) {
        all = []
        all.reserveCapacity(peers.count)
        let leastOfSource = peers.count > 1 ? ofSource : 65_536
        for peer in peers.handles where peers.isReady(peer, at: now, quietAfter: quietAfter) {
            let isSource = peers.look(peer, \.isSource) ?? false
            let rate = peers.look(peer, { $0.gives.rate(at: now) }) ?? .zero
            let half = Int(rate.bytesPerSecond / 2)
            all.append(
                Supplier(
                    peer: peer, isSource: isSource, rate: rate,
                    pipeline: max(half, isSource ? leastOfSource : 65_536),
                    newest: peers.look(peer, \.newest), first: peers.firstHeld(by: peer)))
        }
        holders.reserveCapacity(all.count)
    }
}
