// What people are told of a torrent's swarm.

import Pieces
package import Primitives

/// A peer, for people.
package struct TorrentNeighbour: Hashable, Sendable {
    /// Where it is, and whether this node opened the connection.
    package var endpoint: Endpoint
    package var outgoing: Bool
    /// How many pieces it has.
    package var pieces: Int
    /// Whether it chokes us, and we it.
    package var isChoking: Bool
    package var isChoked: Bool
    /// Bytes of blocks that came of it and went to it.
    package var received: Int
    package var sent: Int
    /// What it gives while it is asked.
    package var gives: ByteRate
    /// Requests to it under way.
    package var requests: Int
}

extension TorrentEngine {
    /// The peers, in the order in which they came.
    package var neighbours: [TorrentNeighbour] {
        peers.handles.filter { !peers[$0].isWeb }.map { handle in
            let it = peers[handle]
            return TorrentNeighbour(
                endpoint: it.introduction.endpoint, outgoing: it.introduction.outgoing,
                pieces: it.hasCount, isChoking: it.isChoking, isChoked: it.isChoked,
                received: it.received, sent: it.sent, gives: it.throughput.rate ?? .zero,
                requests: it.requests.count)
        }
    }

    /// How many peers there are.
    package var peerCount: Int { swarmCount }

    /// Web seeds that are asked where peers do not suffice, and bytes of blocks that came of them.
    package var webSeedCount: Int { webSeeds }
    package var webSeedBytes: Int { counters.webBytes }

    /// Bytes of the torrent that are right.
    package var haveBytes: Int64 {
        guard !isComplete else { return layout.totalLength }
        return min(layout.totalLength, Int64(haveCount) * Int64(layout.pieceLength))
    }

    /// Bytes that peers have asked for and were not handed to their connections.
    package var waitingBytes: Int {
        peers.handles.reduce(0) { $0 + peers[$1].waiting * 16_384 }
    }

    /// Whether our extension handshakes offer the peer exchange.
    package var exchangesPeers: Bool { settings.exchangesPeers }
}

extension TorrentEngine {
    /// How long the reader with the least could go on if nothing more came: what it was given and
    /// has not played, and what lies ready behind; nil where nobody reads.
    package func buffer(at now: Instant) -> Interval? {
        readers.all.map { reader in
            var reader = reader
            reader.play(at: now)
            let unit = Int64(layout.pieceLength)
            let first = PieceIndex(UInt32(clamping: reader.position / unit))
            let missing = have.firstMissing(from: first).map { Int64($0.value) * unit }
            let ready = max(0, min(reader.end, missing ?? reader.end) - reader.position)
            return reader.rate.duration(of: Int(reader.ahead) + Int(ready))
        }.min()
    }
}
