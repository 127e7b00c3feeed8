// Pieces become records: waits for their digests, groups what is ready, one record at a time,
// each naming the one before. Knows nothing of bytes, and of time only what records state.
//
//     cut ──▶ waiting for digests ──▶ ready ──▶ in the draft that is being signed ──▶ published
//             (any order)             (in order, as a prefix)

import Metainfo
import Pieces
import Primitives

/// The pieces that are in no record yet, and the end of the chain of records.
struct RecordChain: Sendable {
    /// A piece between its cut and its record.
    private struct Waiting: Sendable {
        var wall: WallTime
        var timestamp: StreamTimestamp?
        var randomAccessOffsets: [UInt32]
        var digests: Digests?
    }

    private struct Digests: Sendable {
        var sha1: SHA1Digest
        var root: SHA256Digest
    }

    private let geometry: PieceGeometry
    private let settings: PublisherSettings
    /// The first piece that is in no draft.
    private var first: PieceIndex
    private var waiting: [Waiting] = []
    private var signing: RecordDraft?
    /// The digest of the newest record, which the next one names.
    private(set) var previous: SHA256Digest
    private var lastWall = WallTime(microseconds: 0)

    init(
        geometry: PieceGeometry, first: PieceIndex, previous: SHA256Digest,
        settings: PublisherSettings
    ) {
        self.geometry = geometry
        self.first = first
        self.previous = previous
        self.settings = settings
    }

    /// The piece after the last one that is published.
    var published: PieceIndex { signing?.pieces.lowerBound ?? first }

    /// Takes the next piece, without its bytes.
    mutating func add(_ piece: CutPiece) {
        waiting.append(
            Waiting(
                wall: piece.wall, timestamp: piece.timestamp,
                randomAccessOffsets: piece.randomAccessOffsets))
        lastWall = piece.wall
    }

    /// Notes the digests of a piece; those of a piece that does not wait for any are ignored.
    mutating func note(_ piece: PieceIndex, sha1: SHA1Digest, root: SHA256Digest) {
        let number = first.distance(to: piece)
        guard waiting.indices.contains(number) else { return }
        waiting[number].digests = Digests(sha1: sha1, root: root)
    }

    /// The draft to be signed now, or nil: one is being signed, or nothing is ready.
    ///
    /// Once the input has ended, the draft that leaves nothing waiting declares the end.
    mutating func nextDraft(inputEnded: Bool) -> RecordDraft? {
        guard signing == nil else { return nil }
        let wall = waiting.first?.wall ?? lastWall
        let entries = readyEntries(after: wall)
        let isEnd = inputEnded && entries.count == waiting.count
        guard isEnd || !entries.isEmpty else { return nil }
        signing = draft(entries, wall: wall, isEnd: isEnd)
        waiting.removeFirst(entries.count)
        first = first.advanced(by: entries.count)
        return signing
    }

    /// The record that the draft has become, or nil where none was being signed.
    mutating func signed(_ signature: Signature, digest: SHA256Digest) -> LiveRecord? {
        guard let draft = signing else { return nil }
        signing = nil
        previous = digest
        return draft.signed(by: signature)
    }

    /// The entries of the next record: digested pieces in order, within the limits of a record.
    private func readyEntries(after wall: WallTime) -> [PieceEntry] {
        var entries: [PieceEntry] = []
        for piece in waiting.prefix(settings.piecesPerRecord) {
            let delay = piece.wall - wall
            guard let digests = piece.digests, entries.isEmpty || delay <= settings.recordSpan
            else { break }
            entries.append(
                PieceEntry(
                    sha1: digests.sha1, merkleRoot: digests.root,
                    // A wall clock that was set back gives no negative times.
                    delay: UInt32(clamping: delay.nanoseconds / 1000), timestamp: piece.timestamp,
                    randomAccessOffsets: piece.randomAccessOffsets))
        }
        return entries
    }

    private func draft(_ entries: [PieceEntry], wall: WallTime, isEnd: Bool) -> RecordDraft {
        do {
            return try RecordDraft(
                first: first, previous: previous, wallTime: wall, entries: entries, isEnd: isEnd,
                geometry: geometry)
        } catch {
            preconditionFailure(
                "the cutter and the settings keep every limit of a record: \(error)")
        }
    }
}
