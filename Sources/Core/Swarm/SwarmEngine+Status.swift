// What people and the simulator may know of the engine's inside. Changes nothing.

package import Pieces
package import Primitives

/// A neighbour as it is told of.
package struct Neighbour: Hashable, Sendable {
    /// Where it is.
    package var endpoint: Endpoint
    /// What it has lately given us.
    package var gives: ByteRate
    /// Payload bytes that it gave us, and we it.
    package var received: Int
    package var sent: Int
    /// Whether this node opened the connection.
    package var outgoing: Bool
    /// Whether it says that it is the source.
    package var isSource: Bool
    /// Stripes in which it feeds us, and in which we feed it.
    package var feeds: Int
    package var fed: Int
}

extension SwarmEngine {
    /// The neighbours as of `now`.
    package func neighbours(at now: Instant) -> [Neighbour] {
        peers.handles.compactMap { handle in
            guard let peer = peers[handle] else { return nil }
            let isSourceHere = settings.role == .source
            return Neighbour(
                endpoint: peer.introduction.endpoint, gives: peer.gives.rate(at: now),
                received: peer.received, sent: peer.sent,
                outgoing: peer.introduction.outgoing, isSource: peer.isSource,
                feeds: stripes.count { $0.parent == handle },
                fed: isSourceHere ? sourcePolicy.share(of: handle) : peer.childStripes)
        }
    }

    /// Bytes of blocks that are held and asked for, and wait for room on the line.
    package var waitingBytes: Int { uploads.ready.count * PieceGeometry.blockLength }

    /// The least and the greatest number of hops from the source, over the stripes that are fed.
    package var hops: ClosedRange<Int>? {
        let depths = stripes.map(\.depth).filter { $0 < ParentPolicy.unfed }.map { Int($0) }
        guard let least = depths.min(), let most = depths.max() else { return nil }
        return least...most
    }

    /// How many neighbours there are.
    package var neighbourCount: Int { peers.count }

    /// The hops from the source in each stripe; nil where the stripe is not fed.
    package var depths: [Int?] {
        stripes.map { $0.depth < ParentPolicy.unfed ? Int($0.depth) : nil }
    }

    /// What is known of `piece`; nil outside of the window.
    package func status(of piece: PieceIndex) -> PieceStatus? {
        guard table.contains(piece) else { return nil }
        let slot = table[piece]
        let state = table.state(of: piece)
        let isWhole = state == .unproven || state == .verifying
        return PieceStatus(
            isHeld: state == .held, isWhole: isWhole,
            asked: slot.asks.map(\.peer) + slot.crossed, holders: peers.holders(of: piece))
    }
}

/// How far a piece is at a node.
package struct PieceStatus: Hashable, Sendable {
    /// Verified and offered to others.
    package var isHeld: Bool
    /// All bytes are there, the record or the verification is not.
    package var isWhole: Bool
    /// Who has been asked, and who was before and may have sent it all the same.
    package var asked: [PeerHandle]
    /// Neighbours that say they hold it.
    package var holders: Int
}
