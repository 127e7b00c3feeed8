// The source of a world: one piece after the other with a record each. Nothing is signed or
// hashed: a record's digest is made from its piece's number.

import Metainfo
import Pieces
import Primitives
import Swarm

extension World {
    /// The moment of the world's start on the source's wall clock.
    private var epoch: WallTime { WallTime(microseconds: 1_700_000_000_000_000) }

    /// The digest of the record of `piece`.
    func digest(of piece: PieceIndex) -> SHA256Digest {
        var bytes: [UInt8] = Array(repeating: 0x5a, count: 28)
        for shift in [24, 16, 8, 0] as [UInt32] {
            bytes.append(UInt8(truncatingIfNeeded: piece.value >> shift))
        }
        return SHA256Digest(Bytes32(bytes) ?? Bytes32())
    }

    mutating func publish() {
        guard nodes[0].isAlive, let record = record(of: nextPiece) else { return }
        let piece = nextPiece
        nextPiece = piece.advanced(by: 1)
        publishedAt.append(now)
        records.append(record)
        feed(0, .published(record, digest(of: piece), piece..<nextPiece))
        queue.plan(.publish, at: start(of: nextPiece.advanced(by: 1)))
    }

    /// When the first byte of a piece comes: exact, so that the rate holds over hours.
    private func start(of piece: PieceIndex) -> Instant {
        let bytes = Double(piece.value) * Double(stream.geometry.pieceLength)
        return .zero + .seconds(bytes / stream.rate.bytesPerSecond)
    }

    private func record(of piece: PieceIndex) -> LiveRecord? {
        let entry = PieceEntry(
            sha1: SHA1Digest(Bytes20()), merkleRoot: digest(of: piece), delay: 0, timestamp: nil,
            randomAccessOffsets: Int(piece.value) % stream.keyEvery == 0 ? [0] : [])
        let previous =
            piece.value == 0
            ? SHA256Digest(Bytes32()) : digest(of: piece.advanced(by: -1))
        let draft = try? RecordDraft(
            first: piece, previous: previous, wallTime: epoch + (start(of: piece) - .zero),
            entries: [entry], geometry: stream.geometry)
        return draft?.signed(by: Signature(Bytes64()))
    }
}
