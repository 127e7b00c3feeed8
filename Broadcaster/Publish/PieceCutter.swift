// Cuts the stream: bytes and marks in, whole pieces out. Keeps the piece that is being filled,
// its marks and the moment at which it must be filled up; knows nothing of digests and records.
//
//     ┌─ filler ─┬──── media ────┬─ filler ─┐
//     │tail of a │whole packets, │ null     │  a piece; the filler in front is what the piece
//     │null      │the last may be│ packets  │  before left over of its last null packet
//     └──────────┴───cut off─────┴──────────┘
//                 ▲ opens the piece: its clock starts with media, never with filler

import Metainfo
import Pieces
import Primitives

/// A piece that has all its bytes, and what is known of it before it is digested.
struct CutPiece: Hashable, Sendable {
    var index: PieceIndex
    var bytes: [UInt8]
    /// When its first media byte came.
    var wall: WallTime
    var timestamp: StreamTimestamp?
    var randomAccessOffsets: [UInt32]
}

/// The cut of one stream into pieces.
struct PieceCutter: Sendable {
    /// When the first media of a piece came, on both clocks.
    private struct Opening {
        var wall: WallTime
        var at: Instant
    }

    private let geometry: PieceGeometry
    private let fillAfter: Interval
    /// The piece that is being filled.
    private(set) var index: PieceIndex
    private var bytes: [UInt8] = []
    private var opening: Opening?
    private var timestamp: StreamTimestamp?
    private var randomAccessOffsets: [UInt32] = []

    /// A cut that begins with `first`, which begins with filler up to where a packet starts.
    init(geometry: PieceGeometry, first: PieceIndex, fillAfter: Interval) {
        self.geometry = geometry
        self.fillAfter = fillAfter
        index = first
        begin()
    }

    /// Whether the piece that is being filled holds media.
    var holdsMedia: Bool { opening != nil }

    /// Whether all numbers are used up, after which no bytes are taken: 32 bits last decades.
    var isExhausted: Bool { index.value == .max }

    /// When the piece must be filled up; never while it holds no media.
    var fillAt: Instant { opening.map { $0.at + fillAfter } ?? .never }

    /// Takes whole packets that came at `now`, and appends the pieces that are full to `cut`.
    mutating func append(
        _ chunk: [UInt8], marks: [StreamMark], wall: WallTime, at now: Instant,
        into cut: inout [CutPiece]
    ) {
        var marks = marks[...]
        var start = 0
        while start < chunk.count, !isExhausted {
            let end = min(chunk.count, start + geometry.pieceLength - bytes.count)
            if opening == nil { opening = Opening(wall: wall, at: now) }
            while let mark = marks.first, mark.offset < end {
                if mark.offset >= start { note(mark, at: bytes.count + mark.offset - start) }
                marks.removeFirst()
            }
            bytes += chunk[start..<end]
            start = end
            if bytes.count == geometry.pieceLength { close(into: &cut) }
        }
    }

    /// Fills the piece up with null packets, if it holds media, and begins the next.
    ///
    /// The last null packet may reach beyond the piece: the rest of it begins the next one.
    mutating func fill(into cut: inout [CutPiece]) {
        guard holdsMedia else { return }
        bytes += TransportPacket.nulls(geometry.pieceLength - bytes.count, from: phase)
        close(into: &cut)
        begin()
    }

    private var phase: Int {
        TransportPacket.phase(of: index, offset: bytes.count, geometry: geometry)
    }

    private mutating func begin() {
        let rest = (TransportPacket.length - phase) % TransportPacket.length
        bytes += TransportPacket.nulls(rest, from: phase)
    }

    private mutating func note(_ mark: StreamMark, at offset: Int) {
        switch mark {
        case .timestamp(_, let ticks):
            timestamp = timestamp ?? StreamTimestamp(ticks: ticks & 0x1_ffff_ffff)
        case .randomAccess:
            guard randomAccessOffsets.count < PieceEntry.maximumRandomAccessPoints,
                randomAccessOffsets.last.map({ $0 < offset }) ?? true
            else { return }
            randomAccessOffsets.append(UInt32(offset))
        }
    }

    private mutating func close(into cut: inout [CutPiece]) {
        guard let opening else { return }
        cut.append(
            CutPiece(
                index: index, bytes: bytes, wall: opening.wall, timestamp: timestamp,
                randomAccessOffsets: randomAccessOffsets))
        index = index.advanced(by: 1)
        bytes = []
        bytes.reserveCapacity(geometry.pieceLength)
        self.opening = nil
        timestamp = nil
        randomAccessOffsets = []
    }
}
