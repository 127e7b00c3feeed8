// The JSON of `/api/v1/status` of a torrent that is watched, as the page reads it.

import Gateway
import Primitives
import Swarm

extension TorrentNode {
    /// The JSON of `/api/v1/status`.
    var statusJSON: String {
        let status = status
        let buffer = status.buffer.map { String(Int($0.milliseconds)) } ?? "null"
        let peers = status.peers.map { peer in
            "{\"endpoint\":\"\(peer.endpoint)\",\"pieces\":\(peer.pieces),"
                + "\"down_bps\":\(Int(peer.gives.bitsPerSecond)),"
                + "\"downloaded\":\(peer.received),\"uploaded\":\(peer.sent)}"
        }
        return "{\"schema\":1,\"channels\":[{\"name\":\(jsonString(status.name)),"
            + "\"title\":\(jsonString(status.name)),\"state\":\"\(status.state.rawValue)\","
            + "\"part\":\(status.part),\"lag_ms\":null,\"buffer_ms\":\(buffer),"
            + "\"peers\":\(peers.count),\"down_bps\":\(Int(status.down.bitsPerSecond)),"
            + "\"up_bps\":\(Int(status.up.bitsPerSecond)),\"readers\":\(status.readers),"
            + "\"stalls\":\(status.waits),\"wasted\":\(status.wasted),"
            + "\"neighbours\":[\(peers.joined(separator: ","))]}]}"
    }
}
