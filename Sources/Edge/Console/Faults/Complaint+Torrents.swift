// Which exit code and which hint belong to what is wrong with ordinary torrents.

package import Metainfo

extension Complaint {
    /// Why the torrent named `name` was refused.
    package init(_ error: TorrentFileError, of name: String) {
        self.init(
            .data, what: "cannot use \(name)", why: "\(error)", hint: Self.hint(for: error))
    }

    private static func hint(for error: TorrentFileError) -> String {
        switch error {
        case .empty, .truncated, .malformed:
            "get the file again from where it was published"
        case .notATorrent:
            "name a .torrent file, such as `p2ptv create` writes"
        case .liveChannel:
            "watch it with: p2ptv watch"
        case .unsupportedVersion:
            "use a newer p2ptv"
        case .badField, .badPieceLength, .wrongHashCount, .badLength, .noContent, .badPath,
            .badFileTree, .missingRoot, .badPieceLayer, .contradiction, .wrongInfoHash:
            "no program can use it: ask whoever made it for a better one"
        case .tooManyPieces, .tooManyFiles, .tooManyDuplicates:
            "ask whoever made it for a smaller one"
        }
    }

    /// Why the magnet link `text` was refused.
    package init(_ error: MagnetLinkError, of text: String) {
        let shown = fitted(escaped(text), columns: 60)
        let hint =
            switch error {
            case .notMagnet, .noTopic, .tooLong:
                "a magnet link looks like: magnet:?xt=urn:btih:HASH; put it between quotes"
            case .badHash, .contradiction: "copy the link again, whole, and put it between quotes"
            case .unsupported: "look for a link with xt=urn:btih: or a .torrent file"
            }
        self.init(.data, what: "cannot use \(shown)", why: "\(error)", hint: hint)
    }
}
