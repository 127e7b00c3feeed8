// What the events and the status of a torrent that is watched or seeded say to a person. Words
// only; nothing is decided or printed.

package import Node
package import Primitives
package import Swarm

extension TorrentStatus {
    /// The line of the status.
    ///
    ///     film.mkv  LOADING  37 %  buffer 42 s  ▼ 9.6 Mbit/s (7 peers)  ▲ 1.1 Mbit/s
    package func line(isUnicode: Bool) -> StatusLine {
        var line = StatusLine(isUnicode: isUnicode)
        line.add(shortName(name), rank: 1)
        line.add(state.word, rank: 0, ink: state.ink)
        if let cause, state == .waiting {
            line.add("for \(cause.words)", rank: 2, ink: .yellow)
        }
        if state != .seeding { line.add("\(decimal(part * 100, digits: 0)) %", rank: 2) }
        if let buffer, state != .seeding { line.add("buffer \(buffer.text)", rank: 3) }
        line.add((isUnicode ? "▼ " : "down ") + down.text, rank: 4)
        // Of those that have brought nothing, nobody needs to know.
        let web = webBytes > 0 && state != .seeding ? ", " + count(webSeeds, "web seed") : ""
        line.add("(\(count(peers.count, "peer"))\(web))", rank: 5, gap: " ")
        line.add((isUnicode ? "▲ " : "up ") + up.text, rank: 6)
        if waits > 0 { line.add("waits \(waits)", rank: 7, ink: .yellow) }
        return line
    }
}

extension TorrentWatchState {
    /// The state on the status line.
    var word: String {
        switch self {
        case .checking: "CHECKING"
        case .connecting: "CONNECTING"
        case .loading: "LOADING"
        case .waiting: "WAITING"
        case .seeding: "SEEDING"
        }
    }

    var ink: Ink {
        switch self {
        case .loading, .seeding: .green
        case .checking, .connecting, .waiting: .yellow
        }
    }
}

extension WaitingCause {
    /// What is waited for.
    package var words: String {
        switch self {
        case .noPeers: "a peer"
        case .nobodyHasIt: "somebody who has the piece"
        case .choked(let peers): "\(count(peers, "peer")) to let us ask"
        case .checking: "the check of a piece"
        case .disk: "the disk"
        case .underWay: "a piece that is under way"
        }
    }

    /// The same for programs.
    package var name: String {
        switch self {
        case .noPeers: "no_peers"
        case .nobodyHasIt: "nobody_has_it"
        case .choked: "choked"
        case .checking: "checking"
        case .disk: "disk"
        case .underWay: "under_way"
        }
    }
}

extension TorrentWatchEvent {
    /// What a person is told of it, or nil where the status line or the end says it.
    package var note: String? {
        switch self {
        case .serving, .readerGone, .failed, .checking: nil
        case .playing(let after): "a player has its first bytes after \(after.text)"
        case .completed(let after): "everything is there after \(after.text); seeding"
        case .tracker(let note): "tracker: \(escaped(note))"
        case .paused(let fault): "\(escaped(fault.what)): \(escaped(fault.why)); trying again"
        case .written: "the output has everything"
        }
    }

    /// The event as a line of JSON.
    package func record(at wall: WallTime) -> EventRecord {
        switch self {
        case .serving(let url): EventRecord("serving", at: wall, members(["url": .text(url)]))
        case .checking(let done, let total):
            EventRecord(
                "checking", at: wall, members(["done": .int(done), "total": .int(total)]))
        case .playing(let after): EventRecord("playing", at: wall, members(["after": after.json]))
        case .completed(let after):
            EventRecord("completed", at: wall, members(["after": after.json]))
        case .tracker(let note): EventRecord("tracker", at: wall, members(["note": .text(note)]))
        case .paused(let fault):
            EventRecord(
                "paused", at: wall,
                members(["what": .text(fault.what), "why": .text(fault.why)]))
        case .written: EventRecord("written", at: wall)
        case .readerGone: EventRecord("reader_gone", at: wall)
        case .failed(let fault): .failed(Complaint(fault), at: wall)
        }
    }
}

extension TorrentStatus {
    /// The status as a line of JSON.
    package func record(at wall: WallTime) -> EventRecord {
        EventRecord("status", at: wall, json.members)
    }

    /// The status as an object.
    var json: JSON {
        [
            "name": .text(name), "state": .text(state.rawValue), "part": .number(part),
            "peers": .int(peers.count), "web_seeds": .int(webSeeds), "web_bytes": .int(webBytes),
            "down_bps": down.json, "up_bps": up.json,
            "downloaded": .int(downloaded), "uploaded": .int(uploaded),
            "wasted": .int(wasted), "buffer": buffer?.json ?? .null,
            "cause": cause.map { .text($0.name) } ?? .null, "waits": .int(waits),
            "waited": waited.json, "readers": .int(readers), "poisoned": .int(poisoned),
        ]
    }
}
