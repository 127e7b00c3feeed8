// A relay's events and status as lines of JSON.

package import Node
package import Primitives

extension RelayEvent {
    /// The event as a line of JSON.
    package func record(at wall: WallTime) -> EventRecord {
        switch self {
        case .listening(let port):
            EventRecord("listening", at: wall, members(["peer_port": .int(Int(port))]))
        case .channel(let label, let news):
            EventRecord(
                news.name, at: wall,
                members(["name": .text(label.name), "info_hash": .text(label.infoHash)])
                    + members(news.json))
        case .torrent(let label, let news):
            EventRecord(
                news.name, at: wall,
                members(["name": .text(label.name), "info_hash": .text(label.infoHash)])
                    + members(news.json))
        case .failed(let fault): .failed(Complaint(fault), at: wall)
        }
    }
}

extension TorrentNews {
    fileprivate var name: String {
        switch self {
        case .checking: "checking"
        case .loading: "loading"
        case .seeding: "seeding"
        case .tracker: "tracker"
        case .failed: "torrent_failed"
        }
    }

    fileprivate var json: JSON {
        switch self {
        case .checking(let done, let total): ["done": .int(done), "total": .int(total)]
        case .loading(let have, let of): ["done": .int(have), "total": .int(of)]
        case .seeding: [:]
        case .tracker(let note): ["note": .text(note)]
        case .failed(let fault): ["what": .text(fault.what), "why": .text(fault.why)]
        }
    }
}

extension RelayNews {
    fileprivate var name: String {
        switch self {
        case .carrying: "carrying"
        case .silent: "silent"
        case .ended: "ended"
        case .tracker: "tracker"
        case .contradiction: "contradiction"
        }
    }

    fileprivate var json: JSON {
        switch self {
        case .carrying(let after): ["after": after.json]
        case .silent, .ended: [:]
        case .tracker(let note): ["note": .text(note)]
        case .contradiction(let piece): ["piece": .int(Int(piece))]
        }
    }
}

extension RelayStatus {
    /// The status as a line of JSON.
    package func record(at wall: WallTime) -> EventRecord { record("status", at: wall) }

    /// What was carried, as the last line of JSON.
    package func totals(at wall: WallTime) -> EventRecord { record("totals", at: wall) }

    private func record(_ event: String, at wall: WallTime) -> EventRecord {
        EventRecord(
            event, at: wall,
            members([
                "peers": .int(peers), "down_bps": down.json, "up_bps": up.json,
                "downloaded": .int(downloaded), "uploaded": .int(uploaded),
                "ratio": ratioJSON(uploaded, downloaded),
                "channels": .list(channels.map(\.json)),
                "torrents": .list(torrents.map(\.json)),
            ]))
    }
}

extension RelayedChannel {
    fileprivate var json: JSON {
        [
            "name": .text(label.name), "info_hash": .text(label.infoHash),
            "state": .text(state.rawValue), "silence": silence?.json ?? .null,
            "share_bps": share?.json ?? .null, "feeds": .int(swarm.feedsGiven),
            "ratio": ratioJSON(swarm.uploaded, swarm.downloaded), "swarm": swarm.json,
        ]
    }
}

/// To two digits after the point; null before anything came.
private func ratioJSON(_ uploaded: Int, _ downloaded: Int) -> JSON {
    carriedRatio(uploaded, downloaded).map { .number(($0 * 100).rounded() / 100) } ?? .null
}
