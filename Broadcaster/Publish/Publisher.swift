// The broadcaster's core: TS bytes become pieces, pieces become signed records. Joins the cutter
// (PieceCutter) and the chain of records (RecordChain), and knows when the broadcast is over.
//
//     running ──inputEnded──▶ ending ──the end record is signed──▶ finished
//
// Keeps no bytes but those of the piece that is being filled, sends nothing and reads no clock.

package import Pieces
package import Primitives

import Metainfo

/// The making of a live stream's pieces and records.
///
/// The owner hands in every event with its time by `handle`, carries out the outputs in their
/// order, and calls again with `deadlineReached` at `nextDeadline`. Each `digest` and each `sign`
/// is answered once; digests may be answered in any order, and at most one `sign` is open.
/// A piece is served to peers from its `publish` on, not before.
///
/// Consumers rely on this: packets start exactly where the position in the stream, piece × piece
/// length + offset, is a multiple of 188. A publisher that begins with a piece where none starts
/// therefore begins with the rest of a null packet.
package struct Publisher: Sendable {
    private enum Phase {
        /// Bytes are taken.
        case running
        /// The input has ended; pieces or the end record are on their way.
        case ending
        /// The end record is out.
        case finished
    }

    private var phase = Phase.running
    private var cutter: PieceCutter
    private var chain: RecordChain

    /// A publisher whose first piece is `first`, and whose first record names `previous`.
    ///
    /// `previous` is the digest of the record before, or zeros where a chain begins.
    package init(
        geometry: PieceGeometry, first: PieceIndex, previous: SHA256Digest,
        settings: PublisherSettings = PublisherSettings()
    ) {
        cutter = PieceCutter(geometry: geometry, first: first, fillAfter: settings.fillAfter)
        chain = RecordChain(
            geometry: geometry, first: first, previous: previous, settings: settings)
    }

    /// The piece after the last one that is published: where a restart goes on.
    package var published: PieceIndex { chain.published }

    /// The digest of the last published record, which the next one names.
    package var previous: SHA256Digest { chain.previous }

    /// When the piece that is being filled must be filled up.
    package var nextDeadline: Deadline {
        guard case .running = phase, cutter.fillAt < .never else { return .never }
        return Deadline(at: cutter.fillAt, reason: "fill")
    }

    /// Takes an event of the time `now`, and appends what is to be done.
    package mutating func handle(_ input: Input, at now: Instant, into outputs: inout [Output]) {
        if case .running = phase, cutter.fillAt <= now { fill(into: &outputs) }
        switch input {
        case .bytesArrived(let bytes, let marks, let wall):
            take(bytes, marks, wall, at: now, into: &outputs)
        case .pieceDigested(let piece, let sha1, let root):
            chain.note(piece, sha1: sha1, root: root)
        case .recordSigned(let signature, let digest):
            publish(signature, digest, into: &outputs)
        case .inputEnded:
            end(into: &outputs)
        case .deadlineReached:
            break
        }
        sign(into: &outputs)
    }

    private mutating func take(
        _ bytes: [UInt8], _ marks: [StreamMark], _ wall: WallTime, at now: Instant,
        into outputs: inout [Output]
    ) {
        precondition(bytes.count % TransportPacket.length == 0, "the packager writes whole packets")
        guard case .running = phase else { return }
        var cut: [CutPiece] = []
        cutter.append(bytes, marks: marks, wall: wall, at: now, into: &cut)
        emit(cut, into: &outputs)
        if cutter.isExhausted { end(into: &outputs) }
    }

    private mutating func fill(into outputs: inout [Output]) {
        var cut: [CutPiece] = []
        cutter.fill(into: &cut)
        emit(cut, into: &outputs)
    }

    private mutating func emit(_ cut: [CutPiece], into outputs: inout [Output]) {
        for piece in cut {
            chain.add(piece)
            outputs.append(.digest(piece.index, bytes: piece.bytes))
        }
    }

    private mutating func end(into outputs: inout [Output]) {
        guard case .running = phase else { return }
        phase = .ending
        fill(into: &outputs)
    }

    private mutating func sign(into outputs: inout [Output]) {
        switch phase {
        case .running:
            if let draft = chain.nextDraft(inputEnded: false) { outputs.append(.sign(draft)) }
        case .ending:
            if let draft = chain.nextDraft(inputEnded: true) { outputs.append(.sign(draft)) }
        case .finished:
            break
        }
    }

    private mutating func publish(
        _ signature: Signature, _ digest: SHA256Digest, into outputs: inout [Output]
    ) {
        guard let record = chain.signed(signature, digest: digest) else { return }
        outputs.append(.publish(record, pieces: record.pieces))
        guard record.isEnd else { return }
        phase = .finished
        outputs.append(.finished)
    }
}
