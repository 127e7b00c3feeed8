// Reading a magnet link. What names the torrent must be right; hints of no use are left out.

import Primitives

extension MagnetLink {
    /// The longest link in bytes that is read: room for all the trackers that are kept.
    package static let maximumLength = 65_536
    /// The most parameters that are looked at.
    private static let maximumParameters = 1000

    /// Reads a magnet link.
    package static func parse(
        _ text: String, limits: TorrentLimits = TorrentLimits()
    ) throws(MagnetLinkError) -> MagnetLink {
        guard text.utf8.count <= maximumLength else { throw .tooLong }
        guard text.prefix(8).lowercased() == "magnet:?" else { throw .notMagnet }
        var link = MagnetLink(InfoHashes(v1: nil, v2: nil))
        var foreign: String?
        for part in text.dropFirst(8).split(separator: "&").prefix(maximumParameters) {
            let sides = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard sides.count == 2 else { continue }
            let value = decoded(sides[1])
            // Some programs number what is there more than once: tr.1, xt.2.
            switch key(sides[0]) {
            case "xt":
                if let topic = try link.readTopic(value) { foreign = topic }
            case "dn":
                if link.name == nil { link.name = name(value, limits) }
            case "tr":
                if ChannelFile.isTracker(value) { add(value, to: &link.trackers, limits) }
            case "ws":
                if TorrentFile.isWebSeed(value) { add(value, to: &link.webSeeds, limits) }
            case "x.pe":
                if let peer = HostPort(value) { add(peer, to: &link.peers, limits) }
            case "so":
                if let ranges = FileNumbers.ranges(value, limits) { link.selected = ranges }
            default: continue
            }
        }
        guard link.infoHashes.v1 != nil || link.infoHashes.v2 != nil else {
            throw foreign.map { .unsupported($0) } ?? .noTopic
        }
        return link
    }

    private static func key(_ text: Substring) -> String {
        let key = text.lowercased()
        guard let dot = key.lastIndex(of: "."), key[key.index(after: dot)...].allSatisfy(\.isNumber)
        else { return key }
        return String(key[..<dot])
    }

    private static func add<Item: Equatable>(
        _ item: Item, to list: inout [Item], _ limits: TorrentLimits
    ) {
        if list.count < limits.hints, !list.contains(item) { list.append(item) }
    }

    private static func name(_ text: String, _ limits: TorrentLimits) -> String? {
        text.isEmpty ? nil : SafePath.clipped(text, limit: limits.textLength)
    }

    /// Reads an exact topic; answers one that is no torrent's.
    private mutating func readTopic(_ topic: String) throws(MagnetLinkError) -> String? {
        let lower = topic.lowercased()
        if lower.hasPrefix("urn:btih:") {
            let text = String(topic.dropFirst(9))
            guard let bytes = (text.utf8.count == 32 ? unbase32(text) : unhex(text)),
                let value = Bytes20(bytes)
            else { throw .badHash(text) }
            guard infoHashes.v1.map({ $0.value == value }) ?? true else { throw .contradiction }
            infoHashes = InfoHashes(v1: InfoHash(value), v2: infoHashes.v2)
        } else if lower.hasPrefix("urn:btmh:") {
            let text = String(topic.dropFirst(9))
            guard lower.dropFirst(9).hasPrefix(Self.multihash),
                let value = unhex(String(text.dropFirst(4))).flatMap({ Bytes32($0) })
            else { throw .badHash(text) }
            let digest = SHA256Digest(value)
            guard infoHashes.v2.map({ $0 == digest }) ?? true else { throw .contradiction }
            infoHashes = InfoHashes(v1: infoHashes.v1, v2: digest)
        } else {
            return topic
        }
        return nil
    }

    /// The text that a parameter stands for: `%` and two digits for a byte, `+` for a blank.
    private static func decoded(_ text: Substring) -> String {
        let bytes = Array(text.utf8)
        var (out, i): ([UInt8], Int) = ([], 0)
        while i < bytes.count {
            if bytes[i] == UInt8(ascii: "%"), i + 2 < bytes.count,
                let byte = unhex(String(decoding: bytes[i + 1...i + 2], as: UTF8.self))?.first
            {
                out.append(byte)
                i += 3
                continue
            }
            out.append(bytes[i] == UInt8(ascii: "+") ? UInt8(ascii: " ") : bytes[i])
            i += 1
        }
        return String(decoding: out, as: UTF8.self)
    }
}

extension HostPort {
    /// The peer that `text` names: `host:port`, `ipv4:port` or `[ipv6]:port` (BEP 9); nil for
    /// anything else.
    package init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":") else { return nil }
        let digits = text[text.index(after: colon)...]
        var host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
            guard host.contains(":") else { return nil }
        } else if host.contains(":") {
            return nil
        }
        guard (1...253).contains(host.utf8.count), host.utf8.allSatisfy(isHostByte),
            digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let port = UInt16(digits), port != 0
        else { return nil }
        self.init(host: String(host), port: port)
    }
}

/// Whether a byte may stand in the name or the address of a host.
private func isHostByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"),
        UInt8(ascii: "_"), UInt8(ascii: ":"):
        true
    default: false
    }
}

/// The bytes that a text of base 32 stands for (RFC 4648), or nil where it is not one.
private func unbase32(_ text: String) -> [UInt8]? {
    var (out, buffer, bits): ([UInt8], UInt32, UInt32) = ([], 0, 0)
    for byte in text.utf8 {
        let value: UInt8
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): value = byte - UInt8(ascii: "A")
        case UInt8(ascii: "a")...UInt8(ascii: "z"): value = byte - UInt8(ascii: "a")
        case UInt8(ascii: "2")...UInt8(ascii: "7"): value = byte - UInt8(ascii: "2") + 26
        default: return nil
        }
        buffer = buffer << 5 | UInt32(value)
        bits += 5
        if bits >= 8 {
            bits -= 8
            out.append(UInt8(truncatingIfNeeded: buffer >> bits))
        }
    }
    return out
}
