// Where a node can be reached: an IP address and a port, as values.
// Resolves nothing and knows no sockets.

/// An IPv4 or IPv6 address in network byte order.
package enum IPAddress: Hashable, Sendable {
    /// Four bytes, most significant first.
    case v4(UInt32)
    /// Sixteen bytes as two words, most significant first.
    case v6(UInt64, UInt64)

    /// The address that 4 or 16 bytes in network order stand for, or nil for another count.
    ///
    /// An IPv4-mapped IPv6 address (RFC 4291, 2.5.5.2) becomes the IPv4 address.
    package init?(bytes: [UInt8]) {
        var words: [UInt64] = []
        switch bytes.count {
        case 4:
            self = .v4(bytes.reduce(0) { $0 << 8 | UInt32($1) })
        case 16:
            words = [bytes[0..<8], bytes[8..<16]].map { $0.reduce(0) { $0 << 8 | UInt64($1) } }
            self =
                words[0] == 0 && words[1] >> 32 == 0xffff
                ? .v4(UInt32(truncatingIfNeeded: words[1])) : .v6(words[0], words[1])
        default:
            return nil
        }
    }

    /// The 4 or 16 bytes in network order.
    package var bytes: [UInt8] {
        var out: [UInt8] = []
        switch self {
        case .v4(let word): out.append(bigEndian: word)
        case .v6(let high, let low):
            out.append(bigEndian: high)
            out.append(bigEndian: low)
        }
        return out
    }

    /// Whether the address means this machine itself (127/8, ::1).
    package var isLoopback: Bool {
        switch self {
        case .v4(let word): word >> 24 == 127
        case .v6(let high, let low): high == 0 && low == 1
        }
    }

    /// Whether a peer can live there: not unspecified, multicast, broadcast or reserved.
    package var isUnicast: Bool {
        switch self {
        case .v4(let word): word >> 24 != 0 && word >> 28 < 14
        case .v6(let high, let low): high >> 56 != 0xff && !(high == 0 && low == 0)
        }
    }
}

/// An address and a port.
package struct Endpoint: Hashable, Sendable {
    /// The address.
    package var address: IPAddress
    /// The TCP or UDP port.
    package var port: UInt16

    /// The port `port` at `address`.
    package init(address: IPAddress, port: UInt16) {
        self.address = address
        self.port = port
    }
}

extension IPAddress: CustomStringConvertible {
    /// Dotted decimal, or eight groups of hexadecimal digits without compression.
    package var description: String {
        switch self {
        case .v4:
            bytes.map { String($0) }.joined(separator: ".")
        case .v6(let high, let low):
            (0..<8).map { group in
                let word = group < 4 ? high : low
                return String(word >> (48 - 16 * UInt64(group % 4)) & 0xffff, radix: 16)
            }.joined(separator: ":")
        }
    }

    /// The IPv4 address written in dotted decimal, or nil.
    package init?(dotted text: some StringProtocol) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var word: UInt32 = 0
        for part in parts {
            guard (1...3).contains(part.utf8.count),
                part.utf8.allSatisfy({ (48...57).contains($0) }), let byte = UInt8(part)
            else { return nil }
            word = word << 8 | UInt32(byte)
        }
        self = .v4(word)
    }
}

extension Endpoint: CustomStringConvertible {
    package var description: String {
        switch address {
        case .v4: "\(address):\(port)"
        case .v6: "[\(address)]:\(port)"
        }
    }

    /// The endpoint written as `IP:PORT`, with an IPv6 address in brackets (RFC 3986, 3.2.2), or nil.
    package init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":"),
            let port = UInt16(text[text.index(after: colon)...]), port != 0
        else { return nil }
        let host = Array(text[..<colon].utf8)
        let isBracketed = host.first == UInt8(ascii: "[") && host.last == UInt8(ascii: "]")
        let inner = isBracketed ? Array(host.dropFirst().dropLast()) : host
        guard isBracketed == inner.contains(UInt8(ascii: ":")), let address = ipAddress(inner)
        else { return nil }
        self.init(address: address, port: port)
    }
}
