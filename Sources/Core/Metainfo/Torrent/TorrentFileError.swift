// Why a file is not a torrent that can be used, in a person's words.
// The command line prints the description behind the name of the file.

package import Bencode

/// Why a file was refused as an ordinary torrent.
package enum TorrentFileError: Error, Hashable {
    /// There are no bytes at all.
    case empty
    /// It begins like a torrent but ends in the middle.
    case truncated
    /// It begins like a torrent but is not the bencode that it must be.
    case malformed(BencodeError)
    /// It is something else altogether, such as a web page or a picture.
    case notATorrent
    /// It is the file of a live channel, named so.
    case liveChannel(name: String)
    /// It follows a version of the format that this program does not know.
    case unsupportedVersion(Int64)
    /// This field is missing or has a value that it must not have.
    case badField(String)
    /// A piece has a length that is not allowed.
    case badPieceLength(Int64)
    /// There are more pieces than the limit allows.
    case tooManyPieces(limit: Int)
    /// The number of hashes is not that of the pieces.
    case wrongHashCount(hashes: Int, pieces: Int)
    /// A file has a length that no file can have, or all together have too much.
    case badLength
    /// There are no files, or nothing is in them.
    case noContent
    /// There are more files than the limit allows, or their paths are too long together.
    case tooManyFiles
    /// A file has a path that is missing, empty, no text or too deep.
    case badPath
    /// More files than the limit allows have the path of another.
    case tooManyDuplicates
    /// The tree of files is not one (BEP 52).
    case badFileTree
    /// A file has no root of a Merkle tree, or one of zeros (BEP 52).
    case missingRoot(file: String)
    /// Hashes of pieces that belong to no file, or do not lead to its root (BEP 52).
    case badPieceLayer
    /// A hybrid whose two halves describe different files (BEP 52).
    case contradiction
    /// `info` is not what its name says: it was asked of a stranger by its hash (BEP 9).
    case wrongInfoHash
}

extension TorrentFileError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .empty: "the file is empty"
        case .truncated: "the file ends in the middle: it was not copied or downloaded whole"
        case .malformed(let error): "the file is damaged: \(error)"
        case .notATorrent: "this is not a torrent file at all"
        case .liveChannel(let name):
            "this is the live channel \"\(ChannelName(sanitizing: name))\", not a torrent of files"
        case .unsupportedVersion(let version):
            "the torrent uses version \(version) of the format; this program knows 1 and 2"
        case .badField(let name): "the torrent has a missing or wrong '\(name)'"
        case .badPieceLength(let length): "the torrent has pieces of \(length) bytes"
        case .tooManyPieces(let limit): "the torrent has more than \(limit) pieces"
        case .wrongHashCount(let hashes, let pieces):
            "the torrent has \(hashes) hashes for \(pieces) pieces"
        case .badLength: "the torrent has a file of an impossible length"
        case .noContent: "the torrent has nothing in it"
        case .tooManyFiles: "the torrent has too many files"
        case .badPath: "the torrent has a file with an impossible path"
        case .tooManyDuplicates: "the torrent has too many files with the same path"
        case .badFileTree: "the torrent's tree of files is malformed"
        case .missingRoot(let file):
            "the torrent has no hash for the file \"\(ChannelName(sanitizing: file))\""
        case .badPieceLayer: "the torrent's hashes of pieces do not fit its files"
        case .contradiction: "the torrent describes different files to old and new programs"
        case .wrongInfoHash: "the description of the torrent is not the one that was asked for"
        }
    }
}
