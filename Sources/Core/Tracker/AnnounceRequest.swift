// What a node tells a tracker and asks of it (BEP 3), the same value on both sides: the announcer
// writes it into a query, the registry reads it from one. Knows no network.

package import Primitives

/// What a node announces besides being there (BEP 3).
package enum AnnounceEvent: String, Hashable, Sendable {
    /// The first announce to this tracker.
    case started
    /// The download has come to its end.
    case completed
    /// The node leaves.
    case stopped
}

/// The bytes that a node has moved for a torrent, as trackers are told.
package struct TransferCounters: Hashable, Sendable {
    /// Payload bytes sent since `started`.
    package var uploaded: UInt64
    /// Payload bytes received since `started`.
    package var downloaded: UInt64
    /// Bytes still missing; 0 makes the node a seeder.
    package var left: UInt64

    /// The three counters.
    package init(uploaded: UInt64 = 0, downloaded: UInt64 = 0, left: UInt64) {
        self.uploaded = uploaded
        self.downloaded = downloaded
        self.left = left
    }
}

/// One announce.
package struct AnnounceRequest: Hashable, Sendable {
    /// The swarm.
    package var infoHash: InfoHash
    /// What the node calls itself.
    package var peerID: PeerID
    /// The TCP port at which the node listens, never 0.
    package var port: UInt16
    /// What the node has moved.
    package var counters: TransferCounters
    /// What has happened, if anything.
    package var event: AnnounceEvent?
    /// How many peers are asked for, or nil to leave it to the tracker.
    package var wanted: Int?

    /// One announce.
    package init(
        infoHash: InfoHash, peerID: PeerID, port: UInt16, counters: TransferCounters,
        event: AnnounceEvent? = nil, wanted: Int? = nil
    ) {
        self.infoHash = infoHash
        self.peerID = peerID
        self.port = port
        self.counters = counters
        self.event = event
        self.wanted = wanted
    }

    /// The announce as the query of a GET (BEP 3, 7, 23).
    ///
    /// `key` proves to the tracker that a node which changed its address is the same one, and
    /// `trackerID` is what the tracker asked to be told again.
    package func query(key: UInt32, trackerID: [UInt8]? = nil) -> String {
        var items = [
            "info_hash=\(percentEncoded(infoHash.value.bytes))",
            "peer_id=\(percentEncoded(peerID.value.bytes))",
            "port=\(port)",
            "uploaded=\(counters.uploaded)",
            "downloaded=\(counters.downloaded)",
            "left=\(counters.left)",
            "compact=1",
        ]
        if let wanted { items.append("numwant=\(wanted)") }
        if let event { items.append("event=\(event.rawValue)") }
        var digits: [UInt8] = []
        digits.append(bigEndian: key)
        items.append("key=\(hex(digits))")
        if let trackerID { items.append("trackerid=\(percentEncoded(trackerID))") }
        return items.joined(separator: "&")
    }
}
