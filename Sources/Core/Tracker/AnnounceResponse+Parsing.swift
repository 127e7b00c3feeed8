// Reading an answer that a stranger sent: sizes first, then each field alone, so that one that is
// wrong spoils no other, and each peer alone.

import Bencode
import Primitives

extension AnnounceResponse {
    /// The answer in `body`.
    ///
    /// Fields of a wrong type count as absent and peers that cannot be one are dropped. Only what
    /// is no dictionary, is too long, or has a `failure reason`, is an error.
    package init(
        parsing body: [UInt8], limits: Limits = Limits()
    ) throws(AnnounceResponseError) {
        let answer = try Self.dictionary(body, limits: limits)
        if let reason = answer["failure reason"] {
            throw .refused(escapedText(reason.bytes ?? Array("no reason given".utf8)))
        }
        let trackerID = answer["tracker id"]?.bytes
        self.init(
            interval: answer["interval"]?.number, minInterval: answer["min interval"]?.number,
            seeders: answer["complete"]?.count, leechers: answer["incomplete"]?.count,
            trackerID: trackerID.flatMap { $0.count <= limits.trackerID ? $0 : nil },
            warning: answer["warning message"]?.bytes.map { escapedText($0) },
            peers: Self.peers(in: answer, limit: limits.peers))
    }

    static func dictionary(
        _ body: [UInt8], limits: Limits
    ) throws(AnnounceResponseError) -> BencodeDictionary {
        guard body.count <= limits.bytes else { throw .tooLong(body.count) }
        // A peer as a dictionary takes 7 tokens: what a full list needs, twice over.
        let bounds = BencodeLimits(depth: 16, tokens: 50_000, bytes: limits.bytes)
        let value: BencodeValue
        do throws(BencodeError) {
            value = try BencodeDecoder(.lenient, limits: bounds).decode(body.span)
        } catch {
            throw .malformed("\(error)")
        }
        guard let dictionary = value.dictionary else { throw .malformed("not a dictionary") }
        return dictionary
    }

    private static func peers(in answer: BencodeDictionary, limit: Int) -> [Endpoint] {
        var peers: [Endpoint] = []
        switch answer["peers"] {
        case .bytes(let compact):
            peers += compactEndpoints(compact, width: 4).compactMap(\.self).prefix(limit)
        case .list(let list):
            peers += list.lazy.compactMap { peer(in: $0) }.prefix(limit)
        case .integer, .dictionary, nil: break
        }
        if let compact = answer["peers6"]?.bytes {
            peers += compactEndpoints(compact, width: 16).compactMap(\.self)
                .prefix(limit - peers.count)
        }
        var seen: Set<Endpoint> = []
        return peers.filter { seen.insert($0).inserted }
    }

    /// The peer that a dictionary of `ip` and `port` stands for (BEP 3), or nil.
    private static func peer(in value: BencodeValue) -> Endpoint? {
        guard let text = value["ip"]?.bytes, let address = ipAddress(text),
            let port = value["port"]?.integer.flatMap({ UInt16(exactly: $0) })
        else { return nil }
        let peer = Endpoint(address: address, port: port)
        return peer.canBePeer ? peer : nil
    }
}

extension BencodeValue {
    /// The integer as a number of the machine.
    fileprivate var number: Int? { integer.map { Int($0) } }

    /// The integer where it can be a number of things.
    fileprivate var count: Int? { number.flatMap { $0 >= 0 ? $0 : nil } }
}
