// Pieces in memory: a ring over a window of consecutive pieces that slides forward. Keeps bytes
// and which blocks of them have come; does not know whether they are right (the caller has them
// digested and says so) nor who wants them.
//
//     slot = index % capacity
//     ── dropped ──┬──────────────── window ────────────────┬── refused ──
//             lower│ verified  assembling  empty  complete  │lower + capacity

package import Pieces

/// How many pieces are kept.
package struct PieceStoreSettings: Hashable, Sendable {
    /// The most pieces in the window: a minute of stream at 12 pieces a second, and some.
    package var pieces = 1024
    /// The most bytes that pieces take; the smaller of the two limits counts.
    package var bytes = 67_108_864

    /// The defaults: 1024 pieces, 64 MiB.
    package init() {}
}

/// What became of a block.
package enum Assembly: Hashable, Sendable {
    /// It was kept; others of its piece are missing.
    case stored
    /// It was kept and the piece is complete: to be digested now.
    case completed
    /// It was there already; what was there first stays.
    case duplicate
    /// Its piece is not in the window.
    case outsideWindow
    /// There is no such block.
    case malformed(GeometryFault)
}

/// The pieces of the window.
///
/// Blocks come by `assemble`; a piece that is complete is handed out by `complete`, to be digested,
/// and by `bytes(of:)`, to be passed on, only after `accept` has said that it is right. What is
/// handed out shares its storage: no copy is made, and it stays as it was whatever happens here.
package struct PieceStore: Sendable {
    private enum Slot {
        case empty
        case assembling(PieceInProgress)
        case complete([UInt8])
        case verified([UInt8])
    }

    /// The cut of the stream.
    package let geometry: PieceGeometry
    /// The number of pieces that the window spans, at least one.
    package let capacity: Int
    /// The first piece of the window.
    package private(set) var lower: PieceIndex
    private var slots: [Slot]

    /// An empty window from `first` on.
    package init(
        geometry: PieceGeometry, first: PieceIndex = PieceIndex(0),
        settings: PieceStoreSettings = PieceStoreSettings()
    ) {
        self.geometry = geometry
        capacity = max(1, min(settings.pieces, settings.bytes / geometry.pieceLength))
        lower = first
        slots = Array(repeating: .empty, count: capacity)
    }

    /// The pieces that are taken.
    package var window: Range<PieceIndex> { lower..<lower.advanced(by: capacity) }

    /// Takes the block at `offset` of `piece`; memory for the whole piece is taken at the first.
    package mutating func assemble(
        piece: PieceIndex, offset: UInt32, bytes: Span<UInt8>
    ) -> Assembly {
        guard window.contains(piece) else { return .outsideWindow }
        let number: Int
        do throws(GeometryFault) {
            number = try geometry.number(
                of: Block(piece: piece, offset: offset, length: UInt32(clamping: bytes.count)))
        } catch {
            return .malformed(error)
        }
        var progress: PieceInProgress
        switch slots[slot(piece)] {
        case .complete, .verified: return .duplicate
        case .empty: progress = PieceInProgress(geometry)
        case .assembling(let there): progress = there
        }
        // The slot gives up its reference, so that the bytes are written in place.
        slots[slot(piece)] = .empty
        let isNew = progress.add(number, bytes)
        slots[slot(piece)] = progress.isComplete ? .complete(progress.bytes) : .assembling(progress)
        guard isNew else { return .duplicate }
        return progress.isComplete ? .completed : .stored
    }

    /// Takes a whole piece of one's own making, which needs no proof; false outside the window.
    package mutating func insert(_ piece: PieceIndex, _ bytes: [UInt8]) -> Bool {
        guard window.contains(piece), bytes.count == geometry.pieceLength else { return false }
        slots[slot(piece)] = .verified(bytes)
        return true
    }

    /// Declares a complete piece right; false where it is not complete.
    package mutating func accept(_ piece: PieceIndex) -> Bool {
        guard let bytes = complete(piece) else { return false }
        slots[slot(piece)] = .verified(bytes)
        return true
    }

    /// Throws away what there is of `piece`, for instance because its digest is wrong.
    package mutating func reset(_ piece: PieceIndex) {
        guard window.contains(piece) else { return }
        slots[slot(piece)] = .empty
    }

    /// Slides the window so that it begins at `piece`; it never goes back.
    package mutating func drop(before piece: PieceIndex) {
        guard piece > lower else { return }
        for step in 0..<min(capacity, lower.distance(to: piece)) {
            slots[(Int(lower.value) + step) % capacity] = .empty
        }
        lower = piece
    }
}

extension PieceStore {
    /// All bytes of `piece`, verified or not, or nil while blocks are missing.
    package func complete(_ piece: PieceIndex) -> [UInt8]? {
        guard window.contains(piece) else { return nil }
        switch slots[slot(piece)] {
        case .complete(let bytes), .verified(let bytes): return bytes
        case .empty, .assembling: return nil
        }
    }

    /// All bytes of a verified piece, or nil.
    package func bytes(of piece: PieceIndex) -> [UInt8]? {
        guard window.contains(piece), case .verified(let bytes) = slots[slot(piece)]
        else { return nil }
        return bytes
    }

    /// The bytes of a block of a verified piece, or nil where there is none.
    package func bytes(of block: Block) -> ArraySlice<UInt8>? {
        guard (try? geometry.number(of: block)) != nil, let bytes = bytes(of: block.piece)
        else { return nil }
        return bytes[Int(block.offset)..<Int(block.offset) + Int(block.length)]
    }

    private func slot(_ piece: PieceIndex) -> Int { Int(piece.value) % capacity }
}
