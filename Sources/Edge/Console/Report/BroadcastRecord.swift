// A broadcast's events and status as lines of JSON.

package import Ingest
package import Node
package import Primitives

extension BroadcastEvent {
    /// The event as a line of JSON.
    package func record(at wall: WallTime) -> EventRecord {
        switch self {
        case .onAir(let air): EventRecord("on_air", at: wall, air.json.members)
        case .inputLost(let why):
            EventRecord("input_lost", at: wall, members(["why": .text(why)]))
        case .inputBack: EventRecord("input_back", at: wall)
        case .tracker(let note): EventRecord("tracker", at: wall, members(["note": .text(note)]))
        case .ended: EventRecord("ended", at: wall)
        case .failed(let fault): .failed(Complaint(fault), at: wall)
        }
    }
}

extension BroadcastStatus {
    /// The status as a line of JSON.
    package func record(at wall: WallTime) -> EventRecord {
        EventRecord(
            "status", at: wall,
            members([
                "has_input": .bool(hasInput), "pieces": .int(pieces),
                "stream_bytes": .int(streamBytes), "bitrate_bps": bitrate.json,
                "copies": .number((copies * 100).rounded() / 100), "swarm": swarm.json,
            ]))
    }
}

extension BroadcastOnAir {
    fileprivate var json: JSON {
        [
            "file": .text(file), "info_hash": .text(infoHash), "public_key": .text(publicKey),
            "input": stream.json, "piece_length": .int(pieceLength),
            "first_piece": .int(Int(firstPiece)), "peer_port": .int(Int(peerPort)),
            "trackers": .list(trackers.map { .text($0) }),
        ]
    }
}

extension StreamInfo {
    /// What the input is, as an object.
    package var json: JSON {
        [
            "container": .text(container),
            "bitrate_bps": ByteRate(bitsPerSecond: bitsPerSecond).json,
            "streams": .list(streams.map(\.json)),
        ]
    }
}

extension StreamInfo.Stream {
    fileprivate var json: JSON {
        switch kind {
        case .video:
            [
                "kind": "video", "codec": .text(codec), "width": .int(width),
                "height": .int(height), "frame_rate": .number(frameRate),
                "language": JSON(language),
            ]
        case .audio:
            [
                "kind": "audio", "codec": .text(codec), "sample_rate": .int(sampleRate),
                "channels": .int(channels), "language": JSON(language),
            ]
        }
    }
}
