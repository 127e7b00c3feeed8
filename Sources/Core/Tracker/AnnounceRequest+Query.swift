// Reading an announce or a scrape from the items of a query that a stranger sent. What would say
// where the node is (ip, ipv4, ipv6) is passed over: a tracker that believed it would send its
// peers to whomever the stranger names.

package import Primitives

/// Why the tracker refuses to serve a request; goes to the sender as `failure reason`.
package enum TrackerRefusal: Error, Hashable, Sendable {
    /// A parameter that must be there is not.
    case missing(String)
    /// A parameter is there twice.
    case repeated(String)
    /// A parameter cannot be what it claims to be.
    case malformed(String)
    /// This tracker does not serve the torrent.
    case unknownTorrent
    /// The sender's address is none that a peer can have.
    case impossibleAddress
    /// There is no room for another swarm.
    case full
    /// A scrape names too many torrents, or none.
    case scrapeSize(limit: Int)

    /// The reason in words for the person at the other end.
    package var reason: String {
        switch self {
        case .missing(let name): "\(name) is missing"
        case .repeated(let name): "\(name) is given twice"
        case .malformed(let name): "\(name) is malformed"
        case .unknownTorrent: "this tracker does not serve this torrent"
        case .impossibleAddress: "no peer can have your address"
        case .full: "this tracker is full"
        case .scrapeSize(let limit): "name 1 to \(limit) torrents in one scrape"
        }
    }
}

extension AnnounceRequest {
    /// The announce that the decoded items of a query ask for (BEP 3).
    package init(items: [(name: String, value: [UInt8])]) throws(TrackerRefusal) {
        let fields = try AnnounceFields(items)
        infoHash = InfoHash(try fields.bytes20("info_hash"))
        peerID = PeerID(try fields.bytes20("peer_id"))
        let port = try fields.required("port")
        guard let number = decimal(port), (1...65535).contains(number) else {
            throw .malformed("port")
        }
        self.port = UInt16(number)
        counters = TransferCounters(
            uploaded: try fields.count("uploaded") ?? 0,
            downloaded: try fields.count("downloaded") ?? 0,
            left: try fields.count("left") ?? .max)
        // An empty event is how some clients write none; a foreign one (BEP 21) says nothing here.
        event = fields.values["event"].flatMap {
            AnnounceEvent(rawValue: String(decoding: $0, as: UTF8.self))
        }
        // What is not a number, such as the -1 of some clients, leaves it to the tracker.
        wanted = fields.values["numwant"].flatMap { decimal($0) }
            .map { Int(min($0, UInt64(Int32.max))) }
    }
}

/// The info-hashes that the decoded items of a scrape's query name (BEP 48), at most `limit`.
package func scrapedHashes(
    items: [(name: String, value: [UInt8])], limit: Int
) throws(TrackerRefusal) -> [InfoHash] {
    var hashes: [InfoHash] = []
    for item in items where item.name == "info_hash" {
        guard let value = Bytes20(item.value) else { throw .malformed("info_hash") }
        guard hashes.count < limit else { throw .scrapeSize(limit: limit) }
        hashes.append(InfoHash(value))
    }
    guard !hashes.isEmpty else { throw .scrapeSize(limit: limit) }
    return hashes
}

private struct AnnounceFields {
    private(set) var values: [String: [UInt8]] = [:]

    private static let known: Set = [
        "info_hash", "peer_id", "port", "uploaded", "downloaded", "left", "event", "numwant",
    ]

    init(_ items: [(name: String, value: [UInt8])]) throws(TrackerRefusal) {
        for item in items where Self.known.contains(item.name) {
            guard values.updateValue(item.value, forKey: item.name) == nil else {
                throw .repeated(item.name)
            }
        }
    }

    func required(_ name: String) throws(TrackerRefusal) -> [UInt8] {
        guard let value = values[name] else { throw .missing(name) }
        return value
    }

    func bytes20(_ name: String) throws(TrackerRefusal) -> Bytes20 {
        guard let value = Bytes20(try required(name)) else { throw .malformed(name) }
        return value
    }

    func count(_ name: String) throws(TrackerRefusal) -> UInt64? {
        guard let value = values[name] else { return nil }
        guard let count = decimal(value) else { throw .malformed(name) }
        return count
    }
}

/// The number that one or more decimal digits stand for, saturating; nil for anything else.
private func decimal(_ digits: [UInt8]) -> UInt64? {
    guard !digits.isEmpty, digits.count <= 4096 else { return nil }
    var value: UInt64 = 0
    for digit in digits {
        guard (48...57).contains(digit) else { return nil }
        let (tens, tooMany) = value.multipliedReportingOverflow(by: 10)
        let (sum, tooMuch) = tens.addingReportingOverflow(UInt64(digit - 48))
        value = tooMany || tooMuch || value == .max ? .max : sum
    }
    return value
}
