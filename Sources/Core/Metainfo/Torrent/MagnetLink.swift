// A magnet link: a torrent by its hash, and hints where to find it (BEP 9, BEP 53). Whoever wrote
// it is a stranger: nothing in it is believed, and no name in it is used on disk.

import Primitives

/// What a magnet link says.
package struct MagnetLink: Hashable, Sendable {
    /// The torrent: the SHA-1 of its `info`, the SHA-256, or both; never neither.
    package var infoHashes: InfoHashes
    /// What to call it until its `info` is known (`dn`); from a stranger, escape it.
    package var name: String?
    /// Tracker URLs (`tr`): http, https and udp, each once.
    package var trackers: [String] = []
    /// Web seeds (`ws`, BEP 19): http and https, each once.
    package var webSeeds: [String] = []
    /// Peers to begin with (`x.pe`), each once.
    package var peers: [HostPort] = []
    /// The files to fetch (`so`, BEP 53), by their numbers from 0, rising and apart; nil for all.
    package var selected: [ClosedRange<Int>]?

    /// A link without hints.
    package init(_ infoHashes: InfoHashes) { self.infoHashes = infoHashes }

    /// The link to `torrent`, with its name, trackers and web seeds.
    package init(_ torrent: TorrentFile) {
        infoHashes = torrent.infoHashes
        name = torrent.name
        trackers = torrent.trackers.flatMap { $0 }
        webSeeds = torrent.webSeeds
    }
}

/// Why a text is not a magnet link that can be used.
package enum MagnetLinkError: Error, Hashable {
    /// It does not begin with `magnet:?`.
    case notMagnet
    /// It is far longer than any link.
    case tooLong
    /// It names no torrent: there is no `xt` of a kind that BitTorrent uses.
    case noTopic
    /// The hash of the torrent is cut off, or has letters that no hash has.
    case badHash(String)
    /// It names two torrents.
    case contradiction
    /// It names a channel or another thing that only changes by a key (BEP 46).
    case unsupported(String)
}

extension MagnetLinkError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .notMagnet: "this is not a magnet link"
        case .tooLong: "the magnet link is too long"
        case .noTopic: "the magnet link names no torrent"
        case .badHash(let text):
            "the magnet link has a damaged hash \"\(ChannelName(sanitizing: text))\""
        case .contradiction: "the magnet link names two different torrents"
        case .unsupported(let topic):
            "the magnet link is of a kind that is not supported, "
                + "\"\(ChannelName(sanitizing: topic))\""
        }
    }
}

extension MagnetLink: CustomStringConvertible {
    /// The link as text, with nothing in it that a shell or a page would need to escape twice.
    package var description: String {
        var parts: [String] = []
        if let v1 = infoHashes.v1 { parts.append("xt=urn:btih:\(v1)") }
        if let v2 = infoHashes.v2 { parts.append("xt=urn:btmh:\(Self.multihash)\(v2)") }
        if let name { parts.append("dn=\(percentEncoded(name))") }
        parts += trackers.map { "tr=\(percentEncoded($0))" }
        parts += webSeeds.map { "ws=\(percentEncoded($0))" }
        parts += peers.map { "x.pe=\($0)" }
        if let selected {
            let ranges = selected.map {
                $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)"
            }
            parts.append("so=\(ranges.joined(separator: ","))")
        }
        return "magnet:?" + parts.joined(separator: "&")
    }

    /// What stands before a SHA-256 in a multihash: the algorithm, and 32 bytes.
    static let multihash = "1220"
}

extension HostPort: CustomStringConvertible {
    package var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}

/// `text` with all but letters, digits, `-`, `.`, `_` and `~` escaped (RFC 3986, unreserved).
func percentEncoded(_ text: String) -> String {
    var out: [UInt8] = []
    for byte in text.utf8 {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
            UInt8(ascii: "_"), UInt8(ascii: "~"):
            out.append(byte)
        default: out += Array("%\(hex([byte]).uppercased())".utf8)
        }
    }
    return String(decoding: out, as: UTF8.self)
}
