// What people and the simulator may know of the engine's inside. Changes nothing.

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

    /// The least and the greatest number of hops from the source, over the stripes that are fed.
    package var hops: ClosedRange<Int>? {
        let depths = stripes.map(\.depth).filter { $0 < ParentPolicy.unfed }.map { Int($0) }
        guard let least = depths.min(), let most = depths.max() else { return nil }
        return least...most
    }
}
