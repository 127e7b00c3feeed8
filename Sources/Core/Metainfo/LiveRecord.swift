// A signed record of the rolling metainfo: what it says together with its exact bytes, which are
// what is verified, hashed and passed on. Does not verify: that is Crypto's.

package import Pieces
package import Primitives

/// A signed record.
///
/// One reference, so that whoever keeps or passes on a record shares its bytes.
package struct LiveRecord: Hashable, Sendable {
    private final class Storage: Sendable {
        let draft: RecordDraft
        let bytes: [UInt8]

        init(draft: RecordDraft, bytes: [UInt8]) {
            self.draft = draft
            self.bytes = bytes
        }
    }

    private let storage: Storage

    /// The record that `bytes` encode; they must be the draft's body and a signature.
    init(draft: RecordDraft, bytes: [UInt8]) {
        storage = Storage(draft: draft, bytes: bytes)
    }

    /// The whole record as encoded: what is passed on, and what the next record names by hash.
    package var bytes: [UInt8] { storage.bytes }
    /// The pieces that it covers; empty where it only says that the broadcast ended.
    package var pieces: Range<PieceIndex> { storage.draft.pieces }
    /// The SHA-256 of the record before it, zeros for the first of an epoch.
    package var previous: SHA256Digest { storage.draft.previous }
    /// When the first byte of its first piece came, on the source's clock.
    package var wallTime: WallTime { storage.draft.wallTime }
    /// One entry a piece.
    package var entries: [PieceEntry] { storage.draft.entries }
    /// Whether the broadcast ends after its pieces.
    package var isEnd: Bool { storage.draft.isEnd }

    /// The signature, not verified.
    package var signature: Signature {
        let start = bytes.count - RecordLayout.signatureLength
        return Signature(Bytes64(bytes.span, at: start) ?? Bytes64())
    }

    /// What the signature must cover, by the key of the channel.
    package func signedMessage(infoHash: InfoHash) -> [UInt8] {
        RecordLayout.context + infoHash.value.bytes
            + bytes.dropLast(RecordLayout.signatureLength)
    }

    /// The entry of `piece`, or nil where the record does not cover it.
    package func entry(of piece: PieceIndex) -> PieceEntry? {
        guard pieces.contains(piece) else { return nil }
        return entries[pieces.lowerBound.distance(to: piece)]
    }

    /// When the first byte of `piece` came, or nil where the record does not cover it.
    package func wallTime(of piece: PieceIndex) -> WallTime? {
        // In place: asked of many pieces at a time.
        guard storage.draft.pieces.contains(piece) else { return nil }
        let place = storage.draft.pieces.lowerBound.distance(to: piece)
        return wallTime + .microseconds(Int64(storage.draft.entries[place].delay))
    }

    package static func == (a: Self, b: Self) -> Bool {
        a.storage === b.storage || a.bytes == b.bytes
    }

    package func hash(into hasher: inout Hasher) { hasher.combine(bytes) }
}
