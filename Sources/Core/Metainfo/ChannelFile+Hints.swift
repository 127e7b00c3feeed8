// Where to look for a channel: trackers and peers out of a file from a stranger. What is of the
// wrong kind is an error, what is of no use to us is left out.

import Bencode
import Primitives

extension ChannelFile {
    /// The trackers to ask, in tiers: `announce-list` where there is one, else `announce`
    /// (BEP 12).
    static func trackers(in root: BencodeDictionary) throws(ChannelFileError) -> [[String]] {
        var single: [[String]] = []
        if let value = root[Key.announce] {
            guard let url = value.string else { throw .badField(Key.announce) }
            single = [[url]]
        }
        guard let value = root[Key.announceList] else { return kept(single) }
        guard let list = value.list else { throw .badField(Key.announceList) }
        var tiers: [[String]] = []
        for item in list {
            guard let urls = item.list else { throw .badField(Key.announceList) }
            tiers.append(urls.compactMap(\.string))
        }
        let usable = kept(tiers)
        return usable.isEmpty ? kept(single) : usable
    }

    /// The first of the URLs that are usable, each once, without empty tiers.
    private static func kept(_ tiers: [[String]]) -> [[String]] {
        var seen: Set<String> = []
        var out: [[String]] = []
        for tier in tiers {
            var urls: [String] = []
            for url in tier where seen.count < maximumTrackers && isTracker(url) {
                if seen.insert(url).inserted { urls.append(url) }
            }
            if !urls.isEmpty { out.append(urls) }
        }
        return out
    }

    /// Whether `url` is one that a tracker client of ours would follow.
    ///
    /// The scheme is http, https or udp, something follows it, and all is printable ASCII
    /// (RFC 3986). Whether the address may be contacted is for the tracker client to say.
    package static func isTracker(_ url: String) -> Bool {
        guard url.utf8.count <= maximumTrackerLength,
            url.utf8.allSatisfy({ (0x21...0x7e).contains($0) })
        else { return false }
        let lower = url.lowercased()
        return ["http://", "https://", "udp://"].contains { scheme in
            guard lower.hasPrefix(scheme) else { return false }
            let next = lower.dropFirst(scheme.count).first
            return next != nil && next != "/" && next != "?" && next != "#" && next != ":"
        }
    }

    /// The endpoints of `live peers` where a peer can be.
    static func peers(in value: BencodeValue) throws(ChannelFileError) -> [Endpoint] {
        guard let list = value.list else { throw .badField(Key.peers) }
        var out: [Endpoint] = []
        for item in list {
            guard let bytes = item.bytes, bytes.count == 6 || bytes.count == 18,
                let address = IPAddress(bytes: Array(bytes.dropLast(2)))
            else { throw .badField(Key.peers) }
            let port = bytes.suffix(2).reduce(0) { $0 << 8 | UInt16($1) }
            guard port != 0, address.isUnicast, out.count < maximumPeers else { continue }
            out.append(Endpoint(address: address, port: port))
        }
        return out
    }
}
