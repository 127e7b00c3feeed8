// The first 68 bytes on every connection (BEP 3), to and from bytes. Refuses a stranger's
// protocol at its first wrong byte. Who may connect, and to which swarm, is decided elsewhere.
package import Primitives

/// The eight reserved bytes of a handshake, most significant first: what a node can do.
package struct ReservedBits: OptionSet, Hashable, Sendable {
    /// The eight bytes as one word in network order; bits without a name here are kept.
    package let rawValue: UInt64

    /// The bits of `rawValue`.
    package init(rawValue: UInt64) { self.rawValue = rawValue }

    /// The Fast extension (BEP 6): byte 7 & 0x04.
    package static let fast = Self(rawValue: 0x04)
    /// Version 2 of the protocol, on a connection for a torrent of both (BEP 52, "upgrade path"):
    /// byte 7 & 0x10.
    package static let v2 = Self(rawValue: 0x10)
    /// The extension protocol (BEP 10): byte 5 & 0x10.
    package static let extensionProtocol = Self(rawValue: 0x10_0000)
}

/// Why the first bytes on a connection are not a handshake.
package enum HandshakeFault: Error, Equatable {
    /// The byte at this offset (0 to 19) is not that of the protocol's name: hang up.
    case protocolName(offset: Int)
}

/// The handshake of BEP 3: the name of the protocol, what the node can do, the swarm, the node.
package struct Handshake: Hashable, Sendable {
    /// The length of every handshake in bytes.
    package static let length = 68

    /// What the sender can do; a feature is used when both sides state it.
    package var reserved: ReservedBits
    /// The swarm that the connection is for.
    package var infoHash: InfoHash
    /// What the sender calls itself.
    package var peerID: PeerID

    /// A handshake for the swarm `infoHash`.
    package init(reserved: ReservedBits, infoHash: InfoHash, peerID: PeerID) {
        self.reserved = reserved
        self.infoHash = infoHash
        self.peerID = peerID
    }

    /// The 68 bytes.
    package var encoded: [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(Self.length)
        for byte in Self.protocolName.utf8 { out.append(byte) }
        out.append(bigEndian: reserved.rawValue)
        infoHash.value.append(to: &out)
        peerID.value.append(to: &out)
        return out
    }

    /// The handshake at the front of `bytes`, or nil while there are fewer than 68.
    ///
    /// Call it whenever bytes have come: a wrong byte is refused as soon as it is there.
    package static func decode(_ bytes: Span<UInt8>) throws(HandshakeFault) -> Self? {
        guard let infoHash = try infoHash(in: bytes),
            let peerID = Bytes20(bytes, at: peerIDOffset)
        else { return nil }
        let reserved = UInt64(bytes.word(at: reservedOffset)) << 32
        return Self(
            reserved: ReservedBits(
                rawValue: reserved | UInt64(bytes.word(at: reservedOffset + 4))),
            infoHash: infoHash, peerID: PeerID(peerID))
    }

    /// The swarm that a handshake names, or nil while there are fewer than 48 bytes.
    ///
    /// The side that was connected to can refuse a swarm, or answer, before the peer id is there.
    package static func infoHash(in bytes: Span<UInt8>) throws(HandshakeFault) -> InfoHash? {
        var offset = 0
        for expected in protocolName.utf8 {
            guard offset < bytes.count else { return nil }
            guard bytes[offset] == expected else { throw .protocolName(offset: offset) }
            offset += 1
        }
        return Bytes20(bytes, at: infoHashOffset).map(InfoHash.init)
    }

    /// The first twenty bytes: the length of the name, 19, and the name.
    private static let protocolName = "\u{13}BitTorrent protocol"
    private static let reservedOffset = 20
    private static let infoHashOffset = 28
    private static let peerIDOffset = 48

}

extension Span<UInt8> {
    /// The 32 bits in network byte order at `offset`; all four bytes must lie within the span.
    func word(at offset: Int) -> UInt32 {
        UInt32(self[offset]) << 24 | UInt32(self[offset + 1]) << 16
            | UInt32(self[offset + 2]) << 8 | UInt32(self[offset + 3])
    }
}
