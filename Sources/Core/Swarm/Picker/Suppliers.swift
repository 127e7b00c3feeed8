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
        /// The newest piece that it speaks of.
        let newest: PieceIndex?
    }

    private(set) var all: [Supplier] = []
    private var isReady = false
    /// Room for those that hold a piece, so that it is not found anew for each.
    var holders: [Holder] = []

    /// Finds those of `peers` who serve us, are there and move, the first time it is called.
    ///
    /// Of what exists already half a second of what a neighbour gives is asked at once, four
    /// pieces of `pieceLength` bytes at least; of the source `ofSource` bytes.
    mutating func prepare(
        _ peers: PeerTable, pieceLength: Int, ofSource: Int, quietAfter: Interval, at now: Instant
    ) {
        guard !isReady else { return }
        isReady = true
        all.reserveCapacity(peers.count)
        let least = 4 * pieceLength
        let leastOfSource = peers.count > 1 ? ofSource : least
        var ready = peers.handles.filter { peers.isReady($0, at: now, quietAfter: quietAfter) }
        if ready.isEmpty {
            ready = peers.handles.filter {
                peers.isReady($0, at: now, quietAfter: quietAfter, isRelied: false)
            }
        }
        for peer in ready {
            let isSource = peers.look(peer, \.isSource) ?? false
            let rate = peers.look(peer, { $0.gives.rate(at: now) }) ?? .zero
            let half = Int(rate.bytesPerSecond / 2)
            all.append(
                Supplier(
                    peer: peer, isSource: isSource, rate: rate,
                    pipeline: max(half, isSource ? leastOfSource : least),
                    newest: peers.look(peer, \.newest)))
        }
        holders.reserveCapacity(all.count)
    }
}
