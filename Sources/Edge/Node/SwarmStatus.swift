// How a node is doing in its swarm, in numbers for people. Values only.

package import Primitives

/// A neighbour, for the status page.
package struct PeerStatus: Sendable {
    /// Where it is.
    package var endpoint: String
    /// What it has lately given us.
    package var down: ByteRate
    /// Bytes that it gave us, and we it.
    package var downloaded: Int
    package var uploaded: Int
    /// Whether this node opened the connection.
    package var outgoing: Bool
    /// Whether it says that it is the source.
    package var isSource: Bool
    /// The stripes in which it feeds us, and in which we feed it.
    package var feeds: Int
    package var fed: Int
}

/// A node's place in its swarm.
package struct SwarmStatus: Sendable {
    /// Neighbours.
    package var peers: [PeerStatus] = []
    /// Peers that have everything and that do not, as the trackers say; nil where they do not.
    package var seeders: Int?
    package var leechers: Int?
    /// What flows now.
    package var down = ByteRate.zero
    package var up = ByteRate.zero
    /// Payload bytes in all.
    package var downloaded = 0
    package var uploaded = 0
    /// Payload bytes that came twice or unasked.
    package var wasted = 0
    /// Pieces verified, and pieces asked for again because they were late.
    package var pieces = 0
    package var rescues = 0
    /// Pieces with a wrong hash, records with a wrong signature, peers closed for what they did.
    package var poisoned = 0
    package var forged = 0
    package var dropped = 0
    /// The least and the greatest number of hops from the source, over the stripes.
    package var hops: ClosedRange<Int>?
    /// The newest piece that is known of.
    package var edge: UInt32?

    /// Stripes in which this node feeds its neighbours, all together.
    package var feedsGiven: Int { peers.reduce(0) { $0 + $1.fed } }

    /// A node that has just begun.
    package init() {}
}
