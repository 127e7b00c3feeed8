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
        EventRecord("metadata", at: wall, members)
    }

    /// The members of that line.
    fileprivate var members: [JSON.Member] {
        let object: JSON = [
            "name": .text(name), "known": .int(known), "peers": .int(peers),
            "holders": .int(holders), "have": progress.map { .int($0.have) } ?? .null,
            "size": progress.map { .int($0.size) } ?? .null,
            "hashes": hashes.map { .int($0.have) } ?? .null,
            "hashes_of": hashes.map { .int($0.count) } ?? .null,
        ]
        return object.members
    }
}

extension MetadataFetchEvent {
    /// What a person is told of it, or nil where the end says it.
    package var note: String? {
        switch self {
        case .tracker(let note): "tracker: \(escaped(note))"
        case .completed(let found): "the metadata of \(escaped(found.torrent.name)) is there"
        case .refused, .failed: nil
        }
    }

    /// The event as a line of JSON; nil where the session tells it otherwise.
    package func record(at wall: WallTime) -> EventRecord? {
        switch self {
        case .tracker(let note): EventRecord("tracker", at: wall, members(["note": .text(note)]))
        case .completed(let found):
            EventRecord(
                "metadata_complete", at: wall,
                members([
                    "name": .text(found.torrent.name),
                    "size": .int(found.torrent.infoBytes.count),
                ]))
        case .refused: nil
        case .failed(let fault): .failed(Complaint(fault), at: wall)
        }
    }
}

/// Where the search for the metadata of one link or several is.
package struct MetadataSearchStatus: Sendable {
    private let fetches: [MetadataFetchStatus]
    private let left: Int

    /// The status of fetches, of which `left` are not done.
    package init(_ fetches: [MetadataFetchStatus], left: Int) {
        (self.fetches, self.left) = (fetches, left)
    }

    /// The line of the status: of the one link, or of all together.
    ///
    ///     metadata of 2 of 5 links  3 peers  (12 known)
    package func line(isUnicode: Bool) -> StatusLine {
        if fetches.count == 1 { return fetches[0].line(isUnicode: isUnicode) }
        var line = StatusLine(isUnicode: isUnicode)
        let all = fetches.count
        line.add("metadata of \(all - left) of \(all) links", rank: 0, ink: .yellow)
        line.add(count(fetches.reduce(0) { $0 + $1.peers }, "peer"), rank: 1)
        line.add("(\(fetches.reduce(0) { $0 + $1.known }) known)", rank: 2, gap: " ")
        return line
    }

    /// The status as a line of JSON: of the one link, or of all.
    package func record(at wall: WallTime) -> EventRecord {
        if fetches.count == 1 { return fetches[0].record(at: wall) }
        let links = fetches.map { JSON.object($0.members) }
        return EventRecord(
            "metadata", at: wall, members(["left": .int(left), "links": .list(links)]))
    }
}
