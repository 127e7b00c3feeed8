// What an ordinary torrent says: its files, how they are cut, and what the pieces must hash to.
// BEP 3 (version 1), BEP 52 (version 2), and hybrids that are both at once. A value that exists
// has passed every check that needs no file but this one: what stays open is said by `hasLayers`.
//
//     announce, announce-list, comment, created by, creation date, nodes, url-list
//     piece layers ── root of a file ── hashes of its pieces                             (BEP 52)
//     info ─┬─ name, piece length, private
//           ├─ length or files, pieces                                                    (BEP 3)
//           └─ meta version, file tree ── … ── length, pieces root                       (BEP 52)

package import Pieces
package import Primitives

/// The names of a torrent: one for each version of the format that it follows.
package struct InfoHashes: Hashable, Sendable {
    /// The SHA-1 of `info` (BEP 3); nil where the torrent is of version 2 alone.
    package let v1: InfoHash?
    /// The SHA-256 of `info` (BEP 52); nil where the torrent is of version 1 alone.
    package let v2: SHA256Digest?

    /// The names `v1` and `v2`.
    package init(v1: InfoHash?, v2: SHA256Digest?) { (self.v1, self.v2) = (v1, v2) }

    /// The names in handshakes, at trackers and in the DHT: that of version 2 is cut to 20 bytes.
    package var swarms: [InfoHash] {
        let short = v2.flatMap { Bytes20($0.value.bytes.span) }.map { InfoHash($0) }
        return [v1, short].compactMap { $0 }
    }
}

/// An ordinary torrent.
package struct TorrentFile: Equatable, Sendable {
    /// A file of a torrent.
    package struct Entry: Hashable, Sendable {
        /// What a file is (BEP 47).
        package enum Kind: Hashable, Sendable {
            /// A file like any other.
            case regular
            /// Zeros that make the next file begin with a piece; never on disk.
            case padding
            /// A link to another file. It has no bytes; links are never followed or made.
            case symlink
        }

        /// What it is.
        package let kind: Kind
        /// Where it lies below the download folder: names that are safe on disk.
        ///
        /// Never empty; no name is empty, `.`, `..`, longer than the limit, or has a slash, a
        /// backslash, a control character or one that deceives readers. Of regular files no two
        /// are the same, and none is a folder of another.
        package let path: [String]
        /// Whether the torrent gives it another path, which cannot be used as it is.
        package let isRenamed: Bool
        /// Its length in bytes.
        package let length: Int64
        /// Whether it is meant to be run.
        package let isExecutable: Bool
        /// The root of its Merkle tree (BEP 52); nil in version 1 and for empty files.
        package let root: SHA256Digest?
    }

    /// The names of the torrent.
    package let infoHashes: InfoHashes
    /// The bytes of `info` as they stand in the file: what peers ask for by BEP 9.
    package let infoBytes: [UInt8]
    /// The name, safe on disk: of the file, or of the folder that holds the files.
    package let name: String
    /// Whether the files lie in a folder of that name; their paths begin with it.
    package let isFolder: Bool
    /// The files, in the order of the torrent: what `so` in a magnet link counts (BEP 53).
    package let files: [Entry]
    /// How pieces and files lie over each other.
    package let layout: FileLayout
    /// Whether only the trackers may say who takes part (BEP 27).
    package let isPrivate: Bool
    /// SHA-1 digests of the pieces, 20 bytes each; empty in version 2 alone.
    package let pieces: [UInt8]
    /// The piece layers by the root of their file, each checked against that root (BEP 52).
    package internal(set) var layers: [SHA256Digest: [SHA256Digest]] = [:]
    /// Tracker URLs in tiers (BEP 12): http, https and udp.
    package internal(set) var trackers: [[String]] = []
    /// Web seeds (BEP 19): http and https.
    package internal(set) var webSeeds: [String] = []
    /// Nodes of the DHT to begin with (BEP 5).
    package internal(set) var nodes: [HostPort] = []
    /// When it was made, in seconds since the Unix epoch.
    package internal(set) var creationDate: Int64?
    /// The program that made it; from a stranger, escape it.
    package internal(set) var createdBy: String?
    /// What its maker says of it; from a stranger, escape it.
    package internal(set) var comment: String?
}

/// A host by name or address, and a port.
package struct HostPort: Hashable, Sendable {
    /// The host: printable ASCII, not resolved.
    package let host: String
    /// The port, never 0.
    package let port: UInt16

    /// Port `port` of `host`.
    package init(host: String, port: UInt16) { (self.host, self.port) = (host, port) }
}

/// What the bytes of a piece must hash to; a hybrid has both, and both must hold.
package struct PieceDigest: Hashable, Sendable {
    /// The SHA-1 of the whole piece, with padding.
    package let sha1: SHA1Digest?
    /// The root of the Merkle tree over the piece's own bytes; nil in version 1, and in version 2
    /// where the piece layer is not known yet.
    package let root: SHA256Digest?
    /// The height of that tree: leaves beyond the bytes are zero.
    package let height: Int
    /// How many bytes the tree covers: those of the file, without padding.
    package let length: Int
}

extension TorrentFile {
    /// Whether version 2 is among the versions it follows.
    package var isV2: Bool { infoHashes.v2 != nil }

    /// Whether a file or folder of this name keeps it at those who download it.
    package static func keepsName(_ name: String) -> Bool {
        let safe = SafePath.name(Array(name.utf8), limit: TorrentLimits().nameLength)
        return safe.utf8.elementsEqual(name.utf8)
    }

    /// The number of layers between the leaves and the piece layer (BEP 52).
    package var pieceHeight: Int {
        (layout.pieceLength / MerkleTree.leafLength).trailingZeroBitCount
    }

    /// Whether the hashes of all pieces are known: false for a torrent of version 2 whose piece
    /// layers are still to be asked of peers.
    package var hasLayers: Bool {
        !pieces.isEmpty
            || files.allSatisfy { file in
                guard let root = file.root, file.length > layout.pieceLength else { return true }
                return layers[root] != nil
            }
    }

    /// What `piece` must hash to; nil where there is no such piece.
    package func digest(ofPiece piece: PieceIndex) -> PieceDigest? {
        guard let whole = layout.length(ofPiece: piece) else { return nil }
        let sha1 = Bytes20(pieces.span, at: Int(piece.value) * 20).map { SHA1Digest($0) }
        guard isV2, let first = layout.spans(piece: piece, offset: 0, length: 1)?.first,
            let range = layout.pieceRange(file: first.file), let root = files[first.file].root
        else { return PieceDigest(sha1: sha1, root: nil, height: 0, length: whole) }
        let length = Int(min(files[first.file].length - first.offset, Int64(whole)))
        guard range.count > 1 else {
            let height = MerkleTree.height(leafCount: MerkleTree.leafCount(Int64(length)))
            return PieceDigest(sha1: sha1, root: root, height: height, length: length)
        }
        let hash = layers[root]?[range.lowerBound.distance(to: piece)]
        return PieceDigest(sha1: sha1, root: hash, height: pieceHeight, length: length)
    }
}
