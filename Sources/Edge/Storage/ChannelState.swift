// What a broadcaster must remember between runs, and its form as bytes. Reads and writes no file.
//
//     8  "p2ptv st"         4  piece length       32  digest of the last record
//     4  version            4  next piece          2  length of the name
//     8  epoch              1  clean, private   n  the name, UTF-8       4  CRC-32 of all before
//
// Numbers are in network byte order.

package import Pieces
package import Primitives

/// Where a broadcast stands: the numbering to go on with after a restart.
package struct ChannelState: Hashable, Sendable {
    /// The longest name in bytes of UTF-8: that of a file, which the name often becomes.
    package static let nameLimit = 255
    /// The longest encoding in bytes.
    package static let lengthLimit = 67 + nameLimit
    /// The version that is written and read.
    package static let version: UInt32 = 1

    /// The numbering's own random number (8 bytes): a new one is a new swarm.
    package let epoch: UInt64
    /// The name of the channel.
    package let name: String
    /// The cut of the stream, which a channel cannot change.
    package let geometry: PieceGeometry
    /// The number below which all published pieces are.
    package var next: PieceIndex
    /// The digest of the last record that was known when this was written.
    package var last: SHA256Digest
    /// Whether the broadcast ended in order, so that `next` and `last` are exact.
    package var isClean: Bool
    /// Whether only the channel's trackers say who takes part (BEP 27), which it cannot change: a
    /// private channel file has another info-hash than a public one.
    package let isPrivate: Bool

    /// A state, or nil where the name is empty or longer than `nameLimit`.
    ///
    /// The defaults are those of a channel that has not published anything.
    package init?(
        epoch: UInt64, name: String, geometry: PieceGeometry, next: PieceIndex = PieceIndex(0),
        last: SHA256Digest = SHA256Digest(Bytes32()), isClean: Bool = true,
        isPrivate: Bool = false
    ) {
        guard (1...Self.nameLimit).contains(name.utf8.count) else { return nil }
        self.epoch = epoch
        self.name = name
        self.geometry = geometry
        self.next = next
        self.last = last
        self.isClean = isClean
        self.isPrivate = isPrivate
    }

    /// The number of the first piece after a restart.
    ///
    /// After a broadcast that was cut off, one number more is left out: what was published may
    /// reach up to `next`, and a record of a new segment must not stand beside one of the old,
    /// which it does not name.
    package var first: PieceIndex { isClean ? next : next.advanced(by: 1) }

    /// What the first record after a restart names as its predecessor.
    ///
    /// After a broadcast that was cut off, the last record that went out is not known for sure:
    /// the chain may have moved on since the last write. The first record then names zeros: a
    /// restart begins a new segment of the chain, and what vouches for it is its signature.
    package var previous: SHA256Digest { isClean ? last : SHA256Digest(Bytes32()) }
}

extension ChannelState {
    private static let magic = Array("p2ptv st".utf8)

    private enum Flag {
        static let clean: UInt8 = 1
        static let isPrivate: UInt8 = 0x80
        static let all = clean | isPrivate
    }

    /// The state as bytes, at most `lengthLimit`.
    package var encoded: [UInt8] {
        var out = Self.magic
        out.append(bigEndian: Self.version)
        out.append(bigEndian: epoch)
        out.append(bigEndian: UInt32(geometry.pieceLength))
        out.append(bigEndian: next.value)
        out.append((isClean ? Flag.clean : 0) | (isPrivate ? Flag.isPrivate : 0))
        last.value.append(to: &out)
        out.append(bigEndian: UInt16(name.utf8.count))
        out += name.utf8
        out.append(bigEndian: crc32(out[...]))
        return out
    }

    /// The state that `bytes` encode.
    package init(decoding bytes: [UInt8]) throws(StateFault) {
        guard bytes.count <= Self.lengthLimit else { throw .tooLong }
        guard bytes.count >= 16 else { throw .truncated }
        guard bytes.starts(with: Self.magic) else { throw .foreign }
        let body = bytes.count - 4
        guard crc32(bytes[..<body]) == bytes[body...].reduce(0, { $0 << 8 | UInt32($1) })
        else { throw .checksum }
        let version = bytes[8..<12].reduce(0) { $0 << 8 | UInt32($1) }
        // A later version may mean anything by what follows.
        guard version == Self.version else { throw .version(version) }
        self = try Self.fields(bytes.span.extracting(12..<body))
    }

    /// The state whose fields `bytes` are, from the epoch to the name.
    private static func fields(_ bytes: Span<UInt8>) throws(StateFault) -> Self {
        var cursor = ByteCursor()
        let length, next: UInt32
        let epoch: UInt64
        let flags: UInt8
        let last: Bytes32
        let name: [UInt8]
        do throws(TruncatedInput) {
            epoch = try cursor.read(UInt64.self, in: bytes)
            length = try cursor.read(UInt32.self, in: bytes)
            next = try cursor.read(UInt32.self, in: bytes)
            flags = try cursor.read(UInt8.self, in: bytes)
            last = try cursor.bytes32(in: bytes)
            let count = Int(try cursor.read(UInt16.self, in: bytes))
            name = bytes.array(try cursor.take(count, in: bytes))
        } catch {
            throw .truncated
        }
        guard cursor.remaining(in: bytes) == 0, flags & ~Flag.all == 0,
            let geometry = PieceGeometry(pieceLength: Int(length)),
            let text = String(validating: name, as: UTF8.self),
            let state = Self(
                epoch: epoch, name: text, geometry: geometry, next: PieceIndex(next),
                last: SHA256Digest(last), isClean: flags & Flag.clean != 0,
                isPrivate: flags & Flag.isPrivate != 0)
        else { throw .field }
        return state
    }
}
