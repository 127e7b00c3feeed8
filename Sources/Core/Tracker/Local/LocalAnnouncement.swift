// What a node tells its neighbours in the local network (BEP 14), to and from bytes: a request of
// HTTP's looks, in one datagram to a multicast group. Decides nothing.

package import Primitives

/// A multicast group of BEP 14.
package enum LocalGroup: CaseIterable, Hashable, Sendable {
    /// The group of IPv4, of the organisation's reach.
    case v4
    /// The group of IPv6, of the site's reach.
    case v6

    /// The port of both groups.
    package static let port: UInt16 = 6771

    /// The address and port of the group.
    package var endpoint: Endpoint {
        switch self {
        case .v4: Endpoint(address: .v4(0xefc0_988f), port: Self.port)
        case .v6: Endpoint(address: .v6(0xff15 << 48, 0xefc0_988f), port: Self.port)
        }
    }

    /// The group as its announcements name it.
    var host: String {
        switch self {
        case .v4: "239.192.152.143:6771"
        case .v6: "[ff15::efc0:988f]:6771"
        }
    }
}

/// An announcement in the local network.
package struct LocalAnnouncement: Hashable, Sendable {
    /// The TCP port on which the sender listens, never 0.
    package var port: UInt16
    /// The swarms that it is in.
    package var infoHashes: [InfoHash]
    /// By which the sender knows its own announcements again.
    package var cookie: String?

    /// The longest datagram: what passes every usual link whole (BEP 14).
    package static let longest = 1400
    /// The swarms that one announcement names at most, so that it stays below that.
    package static let mostSwarms = 24

    /// An announcement.
    package init(port: UInt16, infoHashes: [InfoHash], cookie: String? = nil) {
        self.port = port
        self.infoHashes = infoHashes
        self.cookie = cookie
    }

    /// The datagram to `group`.
    package func encoded(for group: LocalGroup) -> [UInt8] {
        var lines = ["BT-SEARCH * HTTP/1.1", "Host: \(group.host)", "Port: \(port)"]
        lines += infoHashes.prefix(Self.mostSwarms).map { "Infohash: \($0)" }
        if let cookie { lines.append("cookie: \(cookie)") }
        return Array((lines.joined(separator: "\r\n") + "\r\n\r\n\r\n").utf8)
    }

    /// The announcement in a datagram, or nil where it is none.
    ///
    /// Header fields of other names are passed over, and hashes that are none.
    package init?(_ bytes: [UInt8]) {
        guard bytes.count <= Self.longest else { return nil }
        let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            .map { $0.last == UInt8(ascii: "\r") ? $0.dropLast() : $0 }
        guard lines.first?.elementsEqual("BT-SEARCH * HTTP/1.1".utf8) == true else { return nil }
        var (port, cookie) = (UInt16(0), nil as String?)
        var hashes: [InfoHash] = []
        for line in lines.dropFirst() {
            guard let (name, value) = Self.field(line) else { continue }
            switch name {
            case "port": port = UInt16(value) ?? 0
            case "cookie": cookie = value
            case "infohash":
                guard let hash = unhex(value).flatMap({ Bytes20($0) }).map({ InfoHash($0) }),
                    hashes.count < Self.mostSwarms, !hashes.contains(hash)
                else { continue }
                hashes.append(hash)
            default: continue
            }
        }
        guard port != 0, !hashes.isEmpty else { return nil }
        self.init(port: port, infoHashes: hashes, cookie: cookie)
    }

    /// The name of a field in small letters, and its value.
    private static func field(_ line: ArraySlice<UInt8>) -> (name: String, value: String)? {
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { return nil }
        let blanks: Set = [UInt8(ascii: " "), UInt8(ascii: "\t")]
        let value = line[line.index(after: colon)...].drop { blanks.contains($0) }
        let end = value.lastIndex { !blanks.contains($0) }.map { $0 + 1 } ?? value.startIndex
        return (
            String(decoding: line[..<colon], as: UTF8.self).lowercased(),
            String(decoding: value[..<end], as: UTF8.self)
        )
    }
}
