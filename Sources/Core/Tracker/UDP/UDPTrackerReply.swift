// What a tracker answers by UDP (BEP 15), to and from bytes, the same value on both sides.
// Does not know who asked what: that is for the exchange to hold against it.

package import Primitives

/// The width in bytes of the addresses in an answer; it follows from the datagram's own family.
package enum AddressWidth: Int, Hashable, Sendable {
    /// IPv4.
    case v4 = 4
    /// IPv6.
    case v6 = 16

    /// The width of `address`.
    package init(_ address: IPAddress) {
        switch address {
        case .v4: self = .v4
        case .v6: self = .v6
        }
    }
}

/// An answer of the UDP tracker protocol (BEP 15).
package struct UDPTrackerReply: Hashable, Sendable {
    /// What is answered.
    package enum Body: Hashable, Sendable {
        /// An identifier for the requests of the next minute.
        case connected(UInt64)
        /// Peers of the swarm.
        case announced(AnnounceResponse)
        /// The counts of the swarms, in the order in which they were asked for.
        case scraped([SwarmCounts])
        /// Why there is nothing.
        case refused(String)
    }

    /// What the request said.
    package var transaction: UInt32
    /// What is answered.
    package var body: Body

    /// The answer `body` to the request `transaction`.
    package init(transaction: UInt32, body: Body) {
        self.transaction = transaction
        self.body = body
    }
}

// MARK: Writing

extension UDPTrackerReply {
    /// The datagram to an asker whose address has `width`; peers of another width are left out.
    package func encoded(for width: AddressWidth) -> [UInt8] {
        var out: [UInt8] = []
        switch body {
        case .connected(let connection):
            Self.begin(0, transaction, &out)
            out.append(bigEndian: connection)
        case .announced(let response):
            Self.begin(1, transaction, &out)
            for number in [response.interval, response.leechers, response.seeders] {
                out.append(bigEndian: UInt32(clamping: number ?? 0))
            }
            for peer in response.peers where AddressWidth(peer.address) == width {
                out += peer.compact
            }
        case .scraped(let swarms):
            Self.begin(2, transaction, &out)
            for counts in swarms {
                for number in [counts.seeders, counts.completed, counts.leechers] {
                    out.append(bigEndian: UInt32(clamping: number ?? 0))
                }
            }
        case .refused(let reason):
            Self.begin(3, transaction, &out)
            out += reason.utf8
        }
        return out
    }

    private static func begin(_ action: UInt32, _ transaction: UInt32, _ out: inout [UInt8]) {
        out.append(bigEndian: action)
        out.append(bigEndian: transaction)
    }
}

// MARK: Reading

extension UDPTrackerReply {
    /// The answer in a datagram from an address of `width`, or nil where it is none.
    ///
    /// At most `limit` peers are taken, none that cannot be one; bytes at the end that make no
    /// whole peer are passed over. A reason is free of control characters.
    package init?(_ bytes: [UInt8], from width: AddressWidth, limit: Int = 3000) {
        let bytes = bytes.span
        do throws(TruncatedInput) {
            var cursor = ByteCursor()
            let action = try cursor.read(UInt32.self, in: bytes)
            transaction = try cursor.read(UInt32.self, in: bytes)
            switch action {
            case 0: body = .connected(try cursor.read(UInt64.self, in: bytes))
            case 1: body = try Self.announced(&cursor, in: bytes, width, limit)
            case 2: body = try Self.scraped(&cursor, in: bytes)
            case 3: body = .refused(Self.reason(bytes.array(cursor.offset..<bytes.count)))
            default: return nil
            }
        } catch {
            return nil
        }
    }

    private static func announced(
        _ cursor: inout ByteCursor, in bytes: Span<UInt8>, _ width: AddressWidth, _ limit: Int
    ) throws(TruncatedInput) -> Body {
        // A figure above 2^31 is a negative one of somebody who has signed numbers.
        let interval = Int(Int32(bitPattern: try cursor.read(UInt32.self, in: bytes)))
        let leechers = Int(try cursor.read(UInt32.self, in: bytes))
        let seeders = Int(try cursor.read(UInt32.self, in: bytes))
        let list = bytes.array(cursor.offset..<bytes.count)
        var seen: Set<Endpoint> = []
        let peers = compactEndpoints(list, width: width.rawValue).lazy.compactMap(\.self)
            .prefix(limit).filter { seen.insert($0).inserted }
        return .announced(
            AnnounceResponse(
                interval: interval, seeders: seeders, leechers: leechers, peers: Array(peers)))
    }

    private static func scraped(
        _ cursor: inout ByteCursor, in bytes: Span<UInt8>
    ) throws(TruncatedInput) -> Body {
        var swarms: [SwarmCounts] = []
        while cursor.remaining(in: bytes) >= 12 {
            let seeders = Int(try cursor.read(UInt32.self, in: bytes))
            let completed = Int(try cursor.read(UInt32.self, in: bytes))
            let leechers = Int(try cursor.read(UInt32.self, in: bytes))
            swarms.append(
                SwarmCounts(seeders: seeders, leechers: leechers, completed: completed))
        }
        return .scraped(swarms)
    }

    private static func reason(_ bytes: [UInt8]) -> String {
        // Some trackers end their words as C does.
        let text = escapedText(bytes.prefix { $0 != 0 })
        return text.isEmpty ? "no reason given" : text
    }
}
