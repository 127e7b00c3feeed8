// What a client sends to a tracker by UDP (BEP 15), to and from bytes, the same value on both sides.
// Judges no connection identifier: that is the server's affair.

package import Primitives

/// A request of the UDP tracker protocol (BEP 15).
package struct UDPTrackerRequest: Hashable, Sendable {
    /// What is asked.
    package enum Body: Hashable, Sendable {
        /// A connection identifier.
        case connect
        /// Peers of a swarm, with the path and query of the tracker's URL (BEP 41).
        case announce(AnnounceRequest, key: UInt32, urlData: [UInt8])
        /// The counts of these swarms.
        case scrape([InfoHash])
    }

    /// What the tracker gave to this client; means nothing in a `connect`.
    package var connection: UInt64
    /// What the answer will repeat.
    package var transaction: UInt32
    /// What is asked.
    package var body: Body

    /// The number that stands where a `connect` has no connection identifier yet.
    static let magic: UInt64 = 0x0417_2710_1980
    /// Bytes of an announce without options.
    static let announceLength = 98

    /// The request `body` on `connection`.
    package init(connection: UInt64 = 0, transaction: UInt32, body: Body) {
        self.connection = connection
        self.transaction = transaction
        self.body = body
    }

    /// The number of the action that `body` is.
    var action: UInt32 {
        switch body {
        case .connect: 0
        case .announce: 1
        case .scrape: 2
        }
    }
}

// MARK: Writing

extension UDPTrackerRequest {
    /// The datagram.
    package var encoded: [UInt8] {
        var out: [UInt8] = []
        out.append(bigEndian: action == 0 ? Self.magic : connection)
        out.append(bigEndian: action)
        out.append(bigEndian: transaction)
        switch body {
        case .connect: break
        case .announce(let announce, let key, let urlData):
            Self.append(announce, key: key, to: &out)
            Self.append(urlData, to: &out)
        case .scrape(let hashes):
            for infoHash in hashes { infoHash.value.append(to: &out) }
        }
        return out
    }

    private static func append(
        _ announce: AnnounceRequest, key: UInt32, to out: inout [UInt8]
    ) {
        announce.infoHash.value.append(to: &out)
        announce.peerID.value.append(to: &out)
        out.append(bigEndian: announce.counters.downloaded)
        out.append(bigEndian: announce.counters.left)
        out.append(bigEndian: announce.counters.uploaded)
        out.append(bigEndian: number(of: announce.event))
        // The address that the datagram comes from is the one that counts.
        out.append(bigEndian: UInt32(0))
        out.append(bigEndian: key)
        let wanted = announce.wanted.flatMap { UInt32(exactly: $0) } ?? .max
        out.append(bigEndian: wanted)
        out.append(bigEndian: announce.port)
    }

    /// Options of 255 bytes at most, as many as it takes (BEP 41).
    private static func append(_ urlData: [UInt8], to out: inout [UInt8]) {
        var rest = urlData[...]
        while !rest.isEmpty {
            let part = rest.prefix(255)
            out += [2, UInt8(part.count)]
            out += part
            rest = rest.dropFirst(part.count)
        }
    }

    private static func number(of event: AnnounceEvent?) -> UInt32 {
        switch event {
        case nil: 0
        case .completed: 1
        case .started: 2
        case .stopped: 3
        }
    }
}

// MARK: Reading

extension UDPTrackerRequest {
    /// The request in a datagram, or nil where it is none.
    ///
    /// What follows what is known is passed over: later versions may have more to say (BEP 15).
    package init?(_ bytes: [UInt8]) {
        let bytes = bytes.span
        do throws(TruncatedInput) {
            var cursor = ByteCursor()
            connection = try cursor.read(UInt64.self, in: bytes)
            let action = try cursor.read(UInt32.self, in: bytes)
            transaction = try cursor.read(UInt32.self, in: bytes)
            switch action {
            case 0 where connection == Self.magic: body = .connect
            case 1: body = try Self.announce(&cursor, in: bytes)
            case 2: body = try Self.scrape(&cursor, in: bytes)
            default: return nil
            }
        } catch {
            return nil
        }
    }

    private static func announce(
        _ cursor: inout ByteCursor, in bytes: Span<UInt8>
    ) throws(TruncatedInput) -> Body {
        let infoHash = InfoHash(try cursor.bytes20(in: bytes))
        let peerID = PeerID(try cursor.bytes20(in: bytes))
        let downloaded = try cursor.read(UInt64.self, in: bytes)
        let left = try cursor.read(UInt64.self, in: bytes)
        let uploaded = try cursor.read(UInt64.self, in: bytes)
        let event = try cursor.read(UInt32.self, in: bytes)
        _ = try cursor.read(UInt32.self, in: bytes)
        let key = try cursor.read(UInt32.self, in: bytes)
        let wanted = Int32(bitPattern: try cursor.read(UInt32.self, in: bytes))
        let port = try cursor.read(UInt16.self, in: bytes)
        let announce = AnnounceRequest(
            infoHash: infoHash, peerID: peerID, port: port,
            counters: TransferCounters(uploaded: uploaded, downloaded: downloaded, left: left),
            event: Self.event(event), wanted: wanted < 0 ? nil : Int(wanted))
        return .announce(announce, key: key, urlData: urlData(&cursor, in: bytes))
    }

    private static func event(_ number: UInt32) -> AnnounceEvent? {
        switch number {
        case 1: .completed
        case 2: .started
        case 3: .stopped
        default: nil
        }
    }

    /// The parts of the URL among the options (BEP 41); one that is cut off ends them.
    private static func urlData(_ cursor: inout ByteCursor, in bytes: Span<UInt8>) -> [UInt8] {
        var out: [UInt8] = []
        while let kind = try? cursor.read(UInt8.self, in: bytes), kind != 0 {
            guard kind != 1 else { continue }
            guard let length = try? cursor.read(UInt8.self, in: bytes),
                let range = try? cursor.take(Int(length), in: bytes)
            else { break }
            if kind == 2 { out += bytes.array(range) }
        }
        return out
    }

    private static func scrape(
        _ cursor: inout ByteCursor, in bytes: Span<UInt8>
    ) throws(TruncatedInput) -> Body {
        var hashes: [InfoHash] = []
        while cursor.remaining(in: bytes) >= 20 {
            hashes.append(InfoHash(try cursor.bytes20(in: bytes)))
        }
        return .scrape(hashes)
    }
}
