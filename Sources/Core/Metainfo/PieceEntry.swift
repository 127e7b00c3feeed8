// What a record says of one piece: its hashes, its time, where a player can begin in it.

package import Pieces
package import Primitives

/// A time stamp of the stream: 33 bits that count 90 kHz ticks and wrap (ISO 13818-1, 2.4.3.7).
package struct StreamTimestamp: Hashable, Sendable {
    /// Ticks of 90 kHz, below 2^33.
    package let ticks: UInt64

    /// The time `ticks`, or nil where it needs more than 33 bits.
    package init?(ticks: UInt64) {
        guard ticks >> 33 == 0 else { return nil }
        self.ticks = ticks
    }

    /// The ticks from here to `other` the short way round: from -2^32 to below 2^32.
    package func distance(to other: Self) -> Int64 {
        let forward = Int64((other.ticks &- ticks) & 0x1_ffff_ffff)
        return forward < 1 << 32 ? forward : forward - (1 << 33)
    }
}

/// A place where a player can begin: the PAT in front of a key frame.
package struct RandomAccessPoint: Hashable, Sendable {
    /// The piece in which it is.
    package let piece: PieceIndex
    /// Where in the piece, in bytes.
    package let offset: Int

    /// The place `offset` bytes into `piece`.
    package init(piece: PieceIndex, offset: Int) {
        self.piece = piece
        self.offset = offset
    }
}

/// What a record says of one piece.
package struct PieceEntry: Hashable, Sendable {
    /// The most random access points that a record names in a piece.
    package static let maximumRandomAccessPoints = 15

    /// The SHA-1 of the piece, as in `pieces` of BEP 3.
    package let sha1: SHA1Digest
    /// The root of the SHA-256 Merkle tree over its 16 KiB blocks, as in BEP 52 `piece layers`.
    package let merkleRoot: SHA256Digest
    /// When its first byte came, in microseconds after the record's wall clock.
    package let delay: UInt32
    /// The stream's time at the first PES packet that begins in or after it, where known.
    package let timestamp: StreamTimestamp?
    /// Where the PATs in front of key frames begin, in bytes from its start, rising.
    package let randomAccessOffsets: [UInt32]

    /// An entry as stated: a record checks it.
    package init(
        sha1: SHA1Digest, merkleRoot: SHA256Digest, delay: UInt32, timestamp: StreamTimestamp?,
        randomAccessOffsets: [UInt32]
    ) {
        self.sha1 = sha1
        self.merkleRoot = merkleRoot
        self.delay = delay
        self.timestamp = timestamp
        self.randomAccessOffsets = randomAccessOffsets
    }
}
