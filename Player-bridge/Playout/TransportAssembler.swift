// Pieces in order become a clean transport stream for the player: whole packets, cut so that
// every random access point begins a chunk. Knows no time and decides about no piece.
//
//             start               append
//      idle ─────────▶ flowing ◀─────────┐
//                      │  ▲  └───────────┘
//              skipped │  │ the next piece; after a long gap, the first with a key frame,
//                      ▼  │ or as many without one as settings allow
//                      gap

package import Pieces
package import Primitives

/// Whole transport stream packets, one after the other.
package struct TransportChunk: Equatable, Sendable {
    /// The packets; the count is a multiple of 188.
    package var bytes: [UInt8]
    /// Whether a player may begin here: the PAT in front of a key frame comes first.
    package var randomAccess: Bool

    /// The packets in `bytes`.
    package init(bytes: [UInt8], randomAccess: Bool) {
        self.bytes = bytes
        self.randomAccess = randomAccess
    }
}

/// The maker of the player's stream from pieces.
///
/// Packets begin exactly at the positions of the whole stream that 188 divides. Call `start`
/// with the tune-in point, then `append` and `skipped` in the order of the schedule's outputs,
/// and `end` once. Without a skip the bytes pass untouched. After one, the packet that lacks a
/// part is dropped, each PID is silent until its next unit begins, and is then marked with
/// discontinuity_indicator (ISO/IEC 13818-1, 2.4.3.4). A chunk never ends within a packet.
package struct TransportAssembler: Sendable {
    private enum Mode: Equatable {
        case idle
        case flowing
        /// Bytes are missing; `long` looks for a key frame to go on with.
        case gap(long: Bool)
    }

    /// A piece that waits for a decision about where to resume.
    private struct Held {
        var piece: PieceIndex
        var bytes: [UInt8]
    }

    private let settings: AssemblerSettings
    private let pieceLength: Int
    private var mode = Mode.idle
    private var next = PieceIndex(0)
    /// Where in `next` the stream starts.
    private var startOffset = 0
    /// The beginning of the packet that goes on in `next`, and whether a player may begin at it.
    private var partial: [UInt8] = []
    private var partialIsRandomAccess = false
    /// The PIDs that go on since the last skip; nil while nothing was ever missing.
    private var repair: ContinuityRepair?
    private var held: [Held] = []

    /// An assembler of pieces cut by `geometry`.
    package init(geometry: PieceGeometry, settings: AssemblerSettings = AssemblerSettings()) {
        pieceLength = geometry.pieceLength
        self.settings = settings
    }

    /// The piece that `append` expects next; nil before the start.
    package var expected: PieceIndex? { mode == .idle ? nil : next }

    /// Begins with the packet at `offset` in `piece`, or with the first one after it.
    ///
    /// Where a stream was flowing already, this is a jump: what follows is marked.
    package mutating func start(
        at piece: PieceIndex, offset: Int, into chunks: inout [TransportChunk]
    ) {
        release(into: &chunks)
        if mode != .idle { repair = ContinuityRepair() }
        mode = .flowing
        partial = []
        next = piece
        startOffset = min(max(offset, 0), pieceLength)
    }

    /// Takes the bytes of `piece` and the offsets in it at which a player may begin.
    ///
    /// A piece ahead of the expected one implies a skip; one behind it is ignored, as is one of
    /// the wrong length (a caller's bug, seen as a skip by the next piece).
    package mutating func append(
        _ piece: PieceIndex, _ bytes: [UInt8], randomAccess offsets: [Int],
        into chunks: inout [TransportChunk]
    ) {
        guard mode != .idle, piece >= next, bytes.count == pieceLength else { return }
        if piece > next { skipped(next..<piece, lasting: .zero, into: &chunks) }
        next = piece.advanced(by: 1)
        let cuts = accessPoints(in: piece, offsets)
        guard case .gap(long: true) = mode else {
            mode = .flowing
            assemble(piece, bytes, cuts, from: startOffset, into: &chunks)
            return
        }
        if let first = cuts.first {
            held = []
            mode = .flowing
            assemble(piece, bytes, cuts, from: first, into: &chunks)
        } else {
            held.append(Held(piece: piece, bytes: bytes))
            if held.count >= settings.searchedPieces { release(into: &chunks) }
        }
    }

    /// Notes that the pieces in `range` will not come, which are `lasting` of media.
    package mutating func skipped(
        _ range: Range<PieceIndex>, lasting: Interval, into chunks: inout [TransportChunk]
    ) {
        guard mode != .idle, range.upperBound > next else { return }
        release(into: &chunks)
        mode = .gap(long: lasting > settings.longGap)
        next = range.upperBound
        (partial, startOffset) = ([], 0)
        repair = ContinuityRepair()
    }

    /// Ends the stream: what was held back goes out, an unfinished packet does not.
    package mutating func end(into chunks: inout [TransportChunk]) {
        release(into: &chunks)
        (mode, partial, repair) = (.idle, [], nil)
    }
}

extension TransportAssembler {
    /// The valid ones of the offsets that a record claims, in order.
    private func accessPoints(in piece: PieceIndex, _ offsets: [Int]) -> [Int] {
        let lead = lead(of: piece)
        let valid = offsets.prefix(settings.randomAccessPointsPerPiece).filter {
            (startOffset..<pieceLength).contains($0) && ($0 - lead) % TransportPacket.length == 0
        }
        return valid.sorted().reduce(into: []) { if $0.last != $1 { $0.append($1) } }
    }

    /// The bytes in `piece` before the first packet that begins in it.
    private func lead(of piece: PieceIndex) -> Int {
        let into = Int(piece.value) * pieceLength % TransportPacket.length
        return into == 0 ? 0 : TransportPacket.length - into
    }

    /// Passes on the pieces that were held back in vain.
    private mutating func release(into chunks: inout [TransportChunk]) {
        let pieces = held
        held = []
        if !pieces.isEmpty { mode = .flowing }
        for one in pieces { assemble(one.piece, one.bytes, [], from: 0, into: &chunks) }
    }

    private mutating func assemble(
        _ piece: PieceIndex, _ bytes: [UInt8], _ cuts: [Int], from start: Int,
        into chunks: inout [TransportChunk]
    ) {
        var writer = ChunkWriter(capacity: pieceLength + TransportPacket.length, repair: repair)
        let lead = lead(of: piece)
        if !partial.isEmpty, start <= lead {
            partial.append(contentsOf: bytes[..<lead])
            if partialIsRandomAccess { writer.cut(before: partial, at: 0) }
            writer.append(partial, 0..<partial.count)
        }
        var offset = firstPacket(from: start, lead: lead)
        let whole =
            offset + max(0, pieceLength - offset) / TransportPacket.length * TransportPacket.length
        for cut in cuts where cut >= offset && cut < whole {
            writer.append(bytes, offset..<cut)
            writer.cut(before: bytes, at: cut)
            offset = cut
        }
        if offset < whole { writer.append(bytes, offset..<whole) }
        partial = whole < pieceLength ? Array(bytes[whole...]) : []
        partialIsRandomAccess = cuts.last == whole
        startOffset = max(0, whole - pieceLength)
        repair = writer.finish(into: &chunks)
    }

    /// The offset of the first packet that begins at `start` or after it; may lie beyond the end.
    private func firstPacket(from start: Int, lead: Int) -> Int {
        guard start > lead else { return lead }
        let past = (start - lead) % TransportPacket.length
        return past == 0 ? start : start + TransportPacket.length - past
    }
}

/// Collects packets into chunks, through a repair where bytes were missing.
private struct ChunkWriter {
    private var chunks: [TransportChunk] = []
    private var open: TransportChunk
    private var repair: ContinuityRepair?

    init(capacity: Int, repair: consuming ContinuityRepair?) {
        self.repair = repair
        open = TransportChunk(bytes: [], randomAccess: false)
        open.bytes.reserveCapacity(capacity)
    }

    mutating func append(_ bytes: [UInt8], _ range: Range<Int>) {
        if repair == nil {
            open.bytes.append(contentsOf: bytes[range])
        } else {
            repair?.append(bytes, range, to: &open.bytes)
        }
    }

    /// Begins a chunk with the packet at `offset`; its mark of discontinuity ends the last one.
    mutating func cut(before bytes: [UInt8], at offset: Int) {
        if let marker = repair?.marker(for: bytes, at: offset) { open.bytes += marker }
        if !open.bytes.isEmpty { chunks.append(open) }
        open = TransportChunk(bytes: [], randomAccess: true)
    }

    mutating func finish(into all: inout [TransportChunk]) -> ContinuityRepair? {
        all += chunks
        if !open.bytes.isEmpty { all.append(open) }
        return repair
    }
}
