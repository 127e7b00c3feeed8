// The metadata of a torrent that is known, for peers that came by a magnet link (BEP 9). Private
// torrents too: whoever asks was told of the swarm by its trackers.

import Crypto
import Metainfo
import Primitives
import Swarm
import Wire

/// The serving of one torrent's metadata, by `MetadataExchange`.
struct MetadataServing {
    /// The number under which others ask us for metadata.
    static let id: UInt8 = 1

    private var exchange: MetadataExchange<PeerHandle>

    init(_ torrent: TorrentFile) {
        exchange = MetadataExchange(of: torrent.infoHashes, metadata: torrent.infoBytes)
    }

    /// Adds to our extension handshake that there is metadata, and how much.
    func introduce(in handshake: inout ExtensionHandshake) {
        handshake.ids[.metadata] = Self.id
        handshake.metadataSize = exchange.size
    }

    /// A peer took this place: whoever was here before is gone.
    mutating func joined(_ peer: PeerHandle) {
        var outputs: [MetadataExchange<PeerHandle>.Output] = []
        exchange.handle(
            .left(peer), at: Instant(nanoseconds: 0), using: Digests.self, into: &outputs)
    }

    /// The answer to what `peer` sent, if it needs one.
    mutating func answer(
        _ payload: Span<UInt8>, from peer: PeerHandle
    ) throws(MetadataFault) -> MetadataMessage? {
        guard case .request(let piece) = try MetadataMessage.decode(payload) else { return nil }
        var outputs: [MetadataExchange<PeerHandle>.Output] = []
        // Nothing is fetched, so nothing is due at any time.
        exchange.handle(
            .requested(peer, piece: piece), at: Instant(nanoseconds: 0), using: Digests.self,
            into: &outputs)
        for output in outputs {
            switch output {
            case .send(_, let piece, let size, let bytes):
                return .data(piece: piece, totalSize: size, bytes: bytes)
            case .reject(_, let piece): return .reject(piece: piece)
            case .request, .completed, .noteUseless, .blame: continue
            }
        }
        return nil
    }
}
