// What fetching the metadata of a magnet link says, for people and for programs. Words only;
// nothing is decided or printed.

import Metainfo
package import Node
package import Primitives

extension MetadataFetchStatus {
    /// The line of the status.
    ///
    ///     holiday  looking for peers (12 addresses)
    ///     holiday  32 KiB of 96.5 KiB of metadata from 3 peers
    ///     holiday  512 of 1700 hashes of pieces from 3 peers
    package func line(isUnicode: Bool) -> StatusLine {
        var line = StatusLine(isUnicode: isUnicode)
        line.add(shortName(name), rank: 1)
        if let hashes {
            line.add(
                "\(hashes.have) of \(hashes.count) hashes of pieces from "
                    + count(holders, "peer"), rank: 0, ink: .yellow)
        } else if let progress {
            line.add(
                "\(sizeText(progress.have)) of \(sizeText(progress.size)) of metadata from "
                    + count(holders, "peer"), rank: 0, ink: .yellow)
        } else if peers > 0 {
            line.add(
                "asking \(count(peers, "peer")) for metadata", rank: 0, ink: .yellow)
        } else {
            line.add("looking for peers", rank: 0, ink: .yellow)
        }
        if known > 0 { line.add("(\(known) known)", rank: 2, gap: " ") }
        return line
    }

    /// The status as a line of JSON.
    package func record(at wall: WallTime) -> EventRecord {
        let object: JSON = [
            "name": .text(name), "known": .int(known), "peers": .int(peers),
            "holders": .int(holders), "have": progress.map { .int($0.have) } ?? .null,
            "size": progress.map { .int($0.size) } ?? .null,
            "hashes": hashes.map { .int($0.have) } ?? .null,
            "hashes_of": hashes.map { .int($0.count) } ?? .null,
        ]
        return EventRecord("metadata", at: wall, object.members)
    }
}

extension MetadataFetchEvent {
    /// What a person is told of it, or nil where the end says it.
    package var note: String? {
        switch self {
        case .tracker(let note): "tracker: \(escaped(note))"
        case .completed(let torrent, _): "the metadata of \(escaped(torrent.name)) is there"
        case .refused, .failed: nil
        }
    }

    /// The event as a line of JSON; nil where the session tells it otherwise.
    package func record(at wall: WallTime) -> EventRecord? {
        switch self {
        case .tracker(let note): EventRecord("tracker", at: wall, members(["note": .text(note)]))
        case .completed(let torrent, _):
            EventRecord(
                "metadata_complete", at: wall,
                members(["name": .text(torrent.name), "size": .int(torrent.infoBytes.count)]))
        case .refused: nil
        case .failed(let fault): .failed(Complaint(fault), at: wall)
        }
    }
}
