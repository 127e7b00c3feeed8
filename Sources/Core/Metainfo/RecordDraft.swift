// One entry of the rolling metainfo before it is signed, and its bytes. Big-endian throughout:
//
//     u8 version = 1 │ u8 flags: bit 0 = the broadcast ends after these pieces
//     u32 first piece │ u8 count: 1...16, or 0 with the end flag
//     32 SHA-256 of the whole previous record, zeros for the first of an epoch
//     u64 wall clock of the first piece's first byte, µs since the Unix epoch
//     count × ┌ 20 SHA-1 │ 32 Merkle root │ u32 µs after the wall clock
//             └ u64 stream time (all ones: unknown) │ u8 n <= 15 │ n × u24 offset, rising
//     64 Ed25519 over the context string, the info-hash and everything above

package import Pieces
package import Primitives

/// The sizes and numbers of the record's format.
enum RecordLayout {
    static let version: UInt8 = 1
    static let endFlag: UInt8 = 1
    static let headerLength = 47
    static let signatureLength = 64
    static let unknownTimestamp = UInt64.max
    static let context = Array("p2ptv live record 1\0".utf8)
}

/// A record to be signed: consecutive pieces, when they came, and what was said before.
package struct RecordDraft: Hashable, Sendable {
    /// The most pieces in a record: 16 pieces of the smallest kind are a second or two.
    package static let maximumPieces = 16
    /// The largest encoded record in bytes: the header, 16 entries of 15 points, the signature.
    package static let maximumEncodedLength =
        RecordLayout.headerLength + maximumPieces
        * (65 + 3 * PieceEntry.maximumRandomAccessPoints) + RecordLayout.signatureLength

    /// The pieces that the record covers; empty where it only says that the broadcast ended.
    package let pieces: Range<PieceIndex>
    /// The SHA-256 of the whole previous record; zeros for the first of an epoch.
    package let previous: SHA256Digest
    /// When the first byte of the first piece came, on the source's clock.
    package let wallTime: WallTime
    /// One entry a piece.
    package let entries: [PieceEntry]
    /// Whether the broadcast ends after these pieces.
    package let isEnd: Bool

    /// A record over `entries.count` pieces from `first` on.
    ///
    /// Throws where the values cannot be a record: too many pieces, none without the end,
    /// numbers past the last, random access points that do not rise within the piece.
    package init(
        first: PieceIndex, previous: SHA256Digest, wallTime: WallTime, entries: [PieceEntry],
        isEnd: Bool = false, geometry: PieceGeometry
    ) throws(RecordError) {
        guard entries.count <= Self.maximumPieces, isEnd || !entries.isEmpty else {
            throw .badCount(entries.count)
        }
        let end = first.advanced(by: entries.count)
        guard first.distance(to: end) == entries.count else { throw .numberingExhausted }
        for entry in entries { try entry.check(geometry) }
        pieces = first..<end
        self.previous = previous
        self.wallTime = wallTime
        self.entries = entries
        self.isEnd = isEnd
    }

    /// The encoded record without its signature.
    package var body: [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(Self.maximumEncodedLength)
        out.append(RecordLayout.version)
        out.append(isEnd ? RecordLayout.endFlag : 0)
        out.append(bigEndian: pieces.lowerBound.value)
        out.append(UInt8(entries.count))
        previous.value.append(to: &out)
        out.append(bigEndian: wallTime.microseconds)
        for entry in entries { entry.encode(into: &out) }
        return out
    }

    /// What the channel's key signs.
    package func signedMessage(infoHash: InfoHash) -> [UInt8] {
        RecordLayout.context + infoHash.value.bytes + body
    }

    /// The record with its signature, which is taken as it is.
    package func signed(by signature: Signature) -> LiveRecord {
        LiveRecord(draft: self, bytes: body + signature.value.bytes)
    }
}

extension PieceEntry {
    fileprivate func check(_ geometry: PieceGeometry) throws(RecordError) {
        let count = randomAccessOffsets.count
        guard count <= Self.maximumRandomAccessPoints else {
            throw .tooManyRandomAccessPoints(count)
        }
        var lowest = 0
        for offset in randomAccessOffsets {
            guard Int(offset) >= lowest, Int(offset) < geometry.pieceLength else {
                throw .badRandomAccessOffset(offset)
            }
            lowest = Int(offset) + 1
        }
    }

    fileprivate func encode(into out: inout [UInt8]) {
        sha1.value.append(to: &out)
        merkleRoot.value.append(to: &out)
        out.append(bigEndian: delay)
        out.append(bigEndian: timestamp?.ticks ?? RecordLayout.unknownTimestamp)
        out.append(UInt8(randomAccessOffsets.count))
        for offset in randomAccessOffsets {
            out.append(UInt8(truncatingIfNeeded: offset >> 16))
            out.append(bigEndian: UInt16(truncatingIfNeeded: offset))
        }
    }
}
