// What became of a verification, for people and for programs.

import Metainfo
import Pieces

/// A verification before a person.
package struct ContentReport: Sendable {
    private let check: ContentCheck

    /// The report of a check.
    package init(_ check: ContentCheck) { self.check = check }

    /// How many numbers of pieces are written out for a file.
    private static let longest = 12

    /// A line for each file that is not whole, and the sum.
    package var text: String {
        let torrent = check.torrent
        var out = ""
        for broken in check.broken {
            let file = torrent.files[broken.file]
            let word =
                switch broken.flaw {
                case .missing: "MISSING"
                case .unreadable: "UNREADABLE"
                case .length: "LENGTH"
                case .content: "BAD"
                }
            out +=
                word.padded(to: 12) + escaped(file.path.joined(separator: "/"))
                + "  " + Self.detail(broken, file) + "\n"
        }
        let files = torrent.files.count { $0.kind == .regular }
        out += "\(files - check.broken.count) of \(files) files and \(check.goodPieces) of "
        return out + "\(torrent.layout.pieceCount) pieces are good\n"
    }

    private static func detail(_ broken: ContentCheck.Broken, _ file: TorrentFile.Entry) -> String {
        switch broken.flaw {
        case .missing: "is not there"
        case .unreadable(let why): why
        case .length(let length):
            "has \(length) bytes in place of \(file.length)"
                + (broken.pieces.isEmpty ? "" : "; bad pieces: \(ranges(broken.pieces))")
        case .content: "bad pieces: \(ranges(broken.pieces))"
        }
    }

    /// The pieces as `3, 5-9`, with how many more there are.
    private static func ranges(_ pieces: [PieceIndex]) -> String {
        var ranges: [ClosedRange<UInt32>] = []
        for piece in pieces.map(\.value) {
            if let last = ranges.last, piece == last.upperBound + 1 {
                ranges[ranges.count - 1] = last.lowerBound...piece
            } else {
                ranges.append(piece...piece)
            }
        }
        let shown = ranges.prefix(longest).map { range in
            range.count == 1 ? "\(range.lowerBound)" : "\(range.lowerBound)-\(range.upperBound)"
        }
        let rest = ranges.count - shown.count
        return shown.joined(separator: ", ") + (rest > 0 ? " and \(rest) more ranges" : "")
    }

    /// The object of `p2ptv verify --json`.
    package var json: JSON {
        let torrent = check.torrent
        return [
            "schema": .int(EventRecord.schema), "kind": "verification",
            "name": .text(torrent.name), "good": .bool(check.isGood),
            "piece_count": .int(torrent.layout.pieceCount), "good_pieces": .int(check.goodPieces),
            "broken": .list(check.broken.map { broken in Self.json(broken, torrent) }),
        ]
    }

    private static func json(_ broken: ContentCheck.Broken, _ torrent: TorrentFile) -> JSON {
        let flaw: JSON =
            switch broken.flaw {
            case .missing: "missing"
            case .unreadable: "unreadable"
            case .length: "length"
            case .content: "content"
            }
        return [
            "path": .text(torrent.files[broken.file].path.joined(separator: "/")), "flaw": flaw,
            "bad_pieces": .list(broken.pieces.map { .int(Int($0.value)) }),
        ]
    }
}
