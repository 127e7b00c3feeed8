// The names that the protocol gives to things: swarms, nodes, keys, digests.
// Each is its own type, so that one cannot be taken for another.

/// The SHA-1 of a torrent's bencoded `info`: the name of a swarm (BEP 3).
package struct InfoHash: Hashable, Sendable {
    /// The digest.
    package let value: Bytes20
    /// The swarm named by `value`.
    package init(_ value: Bytes20) { self.value = value }
}

/// The 20 bytes that a node calls itself in handshakes and announces (BEP 3, BEP 20).
package struct PeerID: Hashable, Sendable {
    /// The name.
    package let value: Bytes20
    /// The node named by `value`.
    package init(_ value: Bytes20) { self.value = value }
}

/// An Ed25519 public key (RFC 8032): the identity of a channel.
package struct PublicKey: Hashable, Sendable {
    /// The encoded point.
    package let value: Bytes32
    /// The key encoded by `value`; whether it is a valid point is for Crypto to say.
    package init(_ value: Bytes32) { self.value = value }
}

/// An Ed25519 signature (RFC 8032).
package struct Signature: Hashable, Sendable {
    /// R and S as encoded.
    package let value: Bytes64
    /// The signature encoded by `value`.
    package init(_ value: Bytes64) { self.value = value }
}

/// A SHA-1 digest (FIPS 180-4).
package struct SHA1Digest: Hashable, Sendable {
    /// The digest.
    package let value: Bytes20
    /// The digest `value`.
    package init(_ value: Bytes20) { self.value = value }
}

/// A SHA-256 digest (FIPS 180-4).
package struct SHA256Digest: Hashable, Sendable {
    /// The digest.
    package let value: Bytes32
    /// The digest `value`.
    package init(_ value: Bytes32) { self.value = value }
}

extension InfoHash: CustomStringConvertible {
    package var description: String { hex(value.bytes) }
}
extension PublicKey: CustomStringConvertible {
    package var description: String { hex(value.bytes) }
}
extension SHA256Digest: CustomStringConvertible {
    package var description: String { hex(value.bytes) }
}

/// The bytes in lower-case hexadecimal.
package func hex(_ bytes: [UInt8]) -> String {
    let digits = Array("0123456789abcdef".utf8)
    var out: [UInt8] = []
    out.reserveCapacity(bytes.count * 2)
    for byte in bytes {
        out.append(digits[Int(byte >> 4)])
        out.append(digits[Int(byte & 15)])
    }
    return String(decoding: out, as: UTF8.self)
}

/// The bytes that a string of hexadecimal digits stands for, or nil where it is not one.
package func unhex(_ text: String) -> [UInt8]? {
    let digits = Array(text.utf8)
    guard digits.count % 2 == 0 else { return nil }
    var out: [UInt8] = []
    out.reserveCapacity(digits.count / 2)
    for i in stride(from: 0, to: digits.count, by: 2) {
        guard let high = nibble(digits[i]), let low = nibble(digits[i + 1]) else { return nil }
        out.append(high << 4 | low)
    }
    return out
}

private func nibble(_ digit: UInt8) -> UInt8? {
    switch digit {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
    default: nil
    }
}
