// Why a file is not the channel file that was asked for, in a person's words.
// The command line prints the description behind the name of the file.

package import Bencode

/// Why a file was refused as a channel file.
package enum ChannelFileError: Error, Hashable {
    /// There are no bytes at all.
    case empty
    /// It begins like a torrent but ends in the middle.
    case truncated
    /// It begins like a torrent but is not canonical bencode.
    case malformed(BencodeError)
    /// It is something else altogether, such as a web page or a picture.
    case notATorrent
    /// It is a torrent of files, named so; 'info' has no 'live'.
    case ordinaryTorrent(name: String)
    /// It was made by a newer program.
    case unsupportedVersion(Int64)
    /// Its stream is in a form that this program cannot play; the name may be hostile.
    case unsupportedContainer(String)
    /// This field is missing or has a value that it must not have.
    case badField(String)
    /// Nobody vouches for it.
    case missingSignature
}

extension ChannelFileError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .empty:
            "the file is empty"
        case .truncated:
            "the file ends in the middle: it was not copied or downloaded whole"
        case .malformed(let error):
            "the file is damaged: \(error)"
        case .notATorrent:
            "this is not a torrent file at all"
        case .ordinaryTorrent(let name):
            "this is the ordinary torrent \"\(ChannelName(sanitizing: name))\", not a live channel"
        case .unsupportedVersion(let version):
            "the channel uses version \(version) of the format; this program knows version 1"
        case .unsupportedContainer(let name):
            "the channel's stream is \"\(ChannelName(sanitizing: name))\"; "
                + "this program knows only \"mpegts\""
        case .badField(let name):
            "the channel file has a missing or wrong '\(name)'"
        case .missingSignature:
            "the channel file is not signed"
        }
    }
}
