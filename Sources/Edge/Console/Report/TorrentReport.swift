// What an ordinary torrent or a magnet link says, for people and for programs.

package import Metainfo
import Pieces
import Primitives

/// An ordinary torrent before a person.
package struct TorrentReport: Sendable {
    private let torrent: TorrentFile

    /// The report of a torrent.
    package init(_ torrent: TorrentFile) { self.torrent = torrent }

    /// The rows of `p2ptv show`, and the files below them.
    package var text: String {
        let layout = torrent.layout
        var rows: [(name: String, value: String)] = [("torrent", escaped(torrent.name))]
        if let v1 = torrent.infoHashes.v1 { rows.append(("info-hash", "\(v1)")) }
        if let v2 = torrent.infoHashes.v2 { rows.append(("info-hash v2", "\(v2)")) }
        rows.append(("size", sizeText(Int(layout.contentLength))))
        rows.append(("pieces", "\(layout.pieceCount) of \(sizeText(layout.pieceLength))"))
        if torrent.isPrivate { rows.append(("private", "yes: peers from its trackers only")) }
        for (tier, urls) in torrent.trackers.enumerated() {
            for url in urls { rows.append((tier == 0 ? "tracker" : "then", escaped(url))) }
        }
        for url in torrent.webSeeds { rows.append(("web seed", escaped(url))) }
        for node in torrent.nodes { rows.append(("node", escaped("\(node)"))) }
        if let date = torrent.creationDate { rows.append(("made", utc(date) ?? "\(date)")) }
        if let maker = torrent.createdBy { rows.append(("made by", escaped(maker))) }
        if let comment = torrent.comment { rows.append(("comment", escaped(comment))) }
        return table(rows) + fileLines
    }

    /// The rows of `p2ptv create`, which wrote it to `file`.
    package func summary(file: String) -> String {
        var rows: [(name: String, value: String)] = [("torrent", escaped(file))]
        if let v1 = torrent.infoHashes.v1 { rows.append(("info-hash", "\(v1)")) }
        if let v2 = torrent.infoHashes.v2 { rows.append(("info-hash v2", "\(v2)")) }
        let layout = torrent.layout
        let count = torrent.files.count { $0.kind == .regular }
        let files = count == 1 ? "1 file" : "\(count) files"
        rows.append(("size", "\(sizeText(Int(layout.contentLength))) in \(files)"))
        rows.append(("pieces", "\(layout.pieceCount) of \(sizeText(layout.pieceLength))"))
        rows.append(("magnet", magnet))
        return table(rows)
    }

    /// A line a file, with the number that `--file` and `--files` know it by and what deserves to be
    /// known of it.
    private var fileLines: String {
        let files = torrent.files.indices.filter { torrent.files[$0].kind != .padding }
        let sizes = files.map { number in
            let file = torrent.files[number]
            return file.kind == .symlink ? "link" : sizeText(Int(file.length))
        }
        let width = sizes.map(\.count).max() ?? 0
        let digits = "\(files.last ?? 0)".count
        var out = "files     \(files.count)\n"
        for (number, size) in zip(files, sizes) {
            let file = torrent.files[number]
            let name = String(repeating: " ", count: digits - "\(number)".count + 2) + "\(number)"
            let blanks = String(repeating: " ", count: width - size.count + 2)
            let note = file.isRenamed ? "  (renamed: the torrent's path is not usable)" : ""
            out += name + blanks + size + "  " + escaped(file.path.joined(separator: "/")) + note
            out += "\n"
        }
        return out
    }

    /// The object of `p2ptv show --json`.
    package var json: JSON {
        let layout = torrent.layout
        return [
            "schema": .int(EventRecord.schema), "kind": "torrent", "name": .text(torrent.name),
            "info_hash": JSON(torrent.infoHashes.v1.map { "\($0)" }),
            "info_hash_v2": JSON(torrent.infoHashes.v2.map { "\($0)" }),
            "size": .int(Int(layout.contentLength)), "piece_length": .int(layout.pieceLength),
            "piece_count": .int(layout.pieceCount), "private": .bool(torrent.isPrivate),
            "piece_hashes_known": .bool(torrent.hasLayers),
            "trackers": .list(torrent.trackers.map { .list($0.map { .text($0) }) }),
            "web_seeds": .list(torrent.webSeeds.map { .text($0) }),
            "nodes": .list(torrent.nodes.map { .text("\($0)") }),
            "creation_date": torrent.creationDate.map { .int(Int($0)) } ?? .null,
            "created_by": JSON(torrent.createdBy), "comment": JSON(torrent.comment),
            "files": .list(torrent.files.enumerated().map(Self.json)),
        ]
    }

    private static func json(_ number: Int, _ file: TorrentFile.Entry) -> JSON {
        let kind: JSON =
            switch file.kind {
            case .regular: "file"
            case .padding: "padding"
            case .symlink: "symlink"
            }
        return [
            "number": .int(number), "path": .text(file.path.joined(separator: "/")),
            "length": .int(Int(file.length)),
            "kind": kind, "renamed": .bool(file.isRenamed),
        ]
    }

    /// The line of `p2ptv show -m`.
    package var magnet: String { "\(MagnetLink(torrent))" }
}

/// A magnet link before a person.
package struct MagnetReport: Sendable {
    private let link: MagnetLink

    /// The report of a link.
    package init(_ link: MagnetLink) { self.link = link }

    /// The rows of `p2ptv show`.
    package var text: String {
        var rows: [(name: String, value: String)] = []
        if let name = link.name { rows.append(("torrent", escaped(name))) }
        if let v1 = link.infoHashes.v1 { rows.append(("info-hash", "\(v1)")) }
        if let v2 = link.infoHashes.v2 { rows.append(("info-hash v2", "\(v2)")) }
        for url in link.trackers { rows.append(("tracker", escaped(url))) }
        for url in link.webSeeds { rows.append(("web seed", escaped(url))) }
        for peer in link.peers { rows.append(("peer", escaped("\(peer)"))) }
        if let selected = link.selected { rows.append(("files", fileRanges(selected))) }
        return table(rows)
    }

    /// The object of `p2ptv show --json`.
    package var json: JSON {
        [
            "schema": .int(EventRecord.schema), "kind": "magnet", "name": JSON(link.name),
            "info_hash": JSON(link.infoHashes.v1.map { "\($0)" }),
            "info_hash_v2": JSON(link.infoHashes.v2.map { "\($0)" }),
            "trackers": .list(link.trackers.map { .text($0) }),
            "web_seeds": .list(link.webSeeds.map { .text($0) }),
            "peers": .list(link.peers.map { .text("\($0)") }),
            "selected": link.selected.map { .text(fileRanges($0)) } ?? .null,
            "magnet": .text("\(link)"),
        ]
    }
}
