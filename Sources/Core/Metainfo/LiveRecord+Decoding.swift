// Reading a record from a peer. Every field has one meaning and every meaning one encoding, so
// that equal records have equal bytes.

package import Pieces
import Primitives

extension LiveRecord {
    /// Reads a record that takes all of `bytes`; pieces are cut as `geometry` says.
    package static func decode(
        _ bytes: Span<UInt8>, geometry: PieceGeometry
    ) throws(RecordError) -> LiveRecord {
        var reader = RecordReader()
        let draft = try reader.draft(in: bytes, geometry)
        _ = try reader.part(RecordLayout.signatureLength, in: bytes)
        guard reader.offset == bytes.count else { throw .trailingBytes }
        return LiveRecord(draft: draft, bytes: bytes.array(0..<bytes.count))
    }
}

/// A cursor whose only complaint is a record that ends too early.
private struct RecordReader {
    private var cursor = ByteCursor()

    var offset: Int { cursor.offset }

    mutating func draft(
        in bytes: Span<UInt8>, _ geometry: PieceGeometry
    ) throws(RecordError) -> RecordDraft {
        let version = try read(UInt8.self, in: bytes)
        guard version == RecordLayout.version else { throw .unsupportedVersion(version) }
        let flags = try read(UInt8.self, in: bytes)
        guard flags & ~RecordLayout.endFlag == 0 else { throw .unknownFlags(flags) }
        let first = PieceIndex(try read(UInt32.self, in: bytes))
        let count = Int(try read(UInt8.self, in: bytes))
        guard count <= RecordDraft.maximumPieces else { throw .badCount(count) }
        let previous = SHA256Digest(try bytes32(in: bytes))
        let wallTime = WallTime(microseconds: try read(UInt64.self, in: bytes))
        var entries: [PieceEntry] = []
        entries.reserveCapacity(count)
        for _ in 0..<count { entries.append(try entry(in: bytes)) }
        return try RecordDraft(
            first: first, previous: previous, wallTime: wallTime, entries: entries,
            isEnd: flags & RecordLayout.endFlag != 0, geometry: geometry)
    }

    private mutating func entry(in bytes: Span<UInt8>) throws(RecordError) -> PieceEntry {
        let sha1 = SHA1Digest(try bytes20(in: bytes))
        let root = SHA256Digest(try bytes32(in: bytes))
        let delay = try read(UInt32.self, in: bytes)
        let ticks = try read(UInt64.self, in: bytes)
        let timestamp = StreamTimestamp(ticks: ticks)
        guard timestamp != nil || ticks == RecordLayout.unknownTimestamp else {
            throw .badTimestamp
        }
        let count = Int(try read(UInt8.self, in: bytes))
        guard count <= PieceEntry.maximumRandomAccessPoints else {
            throw .tooManyRandomAccessPoints(count)
        }
        var offsets: [UInt32] = []
        offsets.reserveCapacity(count)
        for _ in 0..<count {
            let high = UInt32(try read(UInt8.self, in: bytes))
            offsets.append(high << 16 | UInt32(try read(UInt16.self, in: bytes)))
        }
        return PieceEntry(
            sha1: sha1, merkleRoot: root, delay: delay, timestamp: timestamp,
            randomAccessOffsets: offsets)
    }

    mutating func part(_ count: Int, in bytes: Span<UInt8>) throws(RecordError) -> Range<Int> {
        do { return try cursor.take(count, in: bytes) } catch { throw .truncated }
    }

    private mutating func read<T: FixedWidthInteger & UnsignedInteger>(
        _ type: T.Type, in bytes: Span<UInt8>
    ) throws(RecordError) -> T {
        do { return try cursor.read(type, in: bytes) } catch { throw .truncated }
    }

    private mutating func bytes20(in bytes: Span<UInt8>) throws(RecordError) -> Bytes20 {
        do { return try cursor.bytes20(in: bytes) } catch { throw .truncated }
    }

    private mutating func bytes32(in bytes: Span<UInt8>) throws(RecordError) -> Bytes32 {
        do { return try cursor.bytes32(in: bytes) } catch { throw .truncated }
    }
}
