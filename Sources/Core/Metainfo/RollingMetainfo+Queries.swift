// What a node asks of its records: by piece, by range, and where a viewer can begin.

package import Pieces
package import Primitives

extension RollingMetainfo {
    /// The live edge: the newest piece whose record is held.
    package var newest: PieceIndex? {
        span.isEmpty ? nil : PieceIndex(UInt32(span.upperBound - 1))
    }

    /// The oldest piece whose record is held.
    package var oldest: PieceIndex? {
        span.isEmpty ? nil : PieceIndex(UInt32(span.lowerBound))
    }

    /// The first piece that will never be, once a record has said that the broadcast ended.
    package var end: PieceIndex? { ended?.record?.pieces.upperBound }

    /// The number of records held, without one that only says where the end is.
    package var recordCount: Int { table.count - free.count }

    /// What is known of `piece`, if its record is held.
    package func entry(of piece: PieceIndex) -> PieceEntry? {
        record(containing: piece)?.entry(of: piece)
    }

    /// When the first byte of `piece` came, on the source's clock, if its record is held.
    package func wallTime(of piece: PieceIndex) -> WallTime? {
        record(containing: piece)?.wallTime(of: piece)
    }

    /// The record that covers `piece`, if it is held.
    package func record(containing piece: PieceIndex) -> LiveRecord? {
        held(at: Int(piece.value))?.record
    }

    /// The first `limit` of the records held that cover `piece` or later ones, in order.
    ///
    /// Gaps are passed over. A record that only says where the end is comes last.
    package func records(from piece: PieceIndex, limit: Int) -> [LiveRecord] {
        var out: [LiveRecord] = []
        var next = max(Int(piece.value), span.lowerBound)
        while next < span.upperBound, out.count < limit {
            guard let record = held(at: next)?.record else {
                next += 1
                continue
            }
            out.append(record)
            next = record.numbers.upperBound
        }
        if out.count < limit, let last = ended?.record, last.pieces.isEmpty,
            last.pieces.lowerBound >= piece
        {
            out.append(last)
        }
        return out
    }

    /// The first `limit` stretches of `pieces` whose records are not held.
    package func missing(in pieces: Range<PieceIndex>, limit: Int) -> [Range<PieceIndex>] {
        var out: [Range<PieceIndex>] = []
        var next = pieces.lowerBound
        while next < pieces.upperBound, out.count < limit {
            if let record = record(containing: next) {
                next = record.pieces.upperBound
                continue
            }
            let gap = next..<min(pieces.upperBound, nextHeld(after: next) ?? pieces.upperBound)
            out.append(gap)
            next = gap.upperBound
        }
        return out
    }

    /// The random access points in `pieces`, from the oldest to the newest.
    package func randomAccessPoints(in pieces: Range<PieceIndex>) -> [RandomAccessPoint] {
        var out: [RandomAccessPoint] = []
        for number in clamped(pieces) {
            let piece = PieceIndex(UInt32(number))
            for offset in entry(of: piece)?.randomAccessOffsets ?? [] {
                out.append(RandomAccessPoint(piece: piece, offset: Int(offset)))
            }
        }
        return out
    }

    /// The newest random access point in `pieces`: to go further back, ask up to its piece.
    package func newestRandomAccessPoint(in pieces: Range<PieceIndex>) -> RandomAccessPoint? {
        for number in clamped(pieces).reversed() {
            let piece = PieceIndex(UInt32(number))
            if let offset = entry(of: piece)?.randomAccessOffsets.last {
                return RandomAccessPoint(piece: piece, offset: Int(offset))
            }
        }
        return nil
    }

    /// The part of `pieces` that can be held, as numbers.
    private func clamped(_ pieces: Range<PieceIndex>) -> Range<Int> {
        (Int(pieces.lowerBound.value)..<Int(pieces.upperBound.value)).clamped(to: span)
    }

    private func nextHeld(after piece: PieceIndex) -> PieceIndex? {
        var next = max(Int(piece.value) + 1, span.lowerBound)
        while next < span.upperBound {
            if number(at: next) != nil { return PieceIndex(UInt32(next)) }
            next += 1
        }
        return nil
    }
}

extension RollingMetainfo {
    /// Traps where the records contradict what is said of them; for tests and simulations.
    package func checkInvariants() {
        precondition(ring.count & (ring.count - 1) == 0 && span.count <= ring.count, "ring")
        precondition(span.isEmpty || number(at: span.lowerBound) != nil, "lowest is not held")
        precondition(span.isEmpty || number(at: span.upperBound - 1) != nil, "newest is not held")
        var covered = 0
        for (number, held) in table.enumerated() {
            guard let record = held.record else { continue }
            precondition(record.numbers.upperBound > floor, "a record that was to be forgotten")
            for piece in record.numbers { precondition(self.number(at: piece) == number, "slot") }
            covered += record.numbers.count
        }
        precondition(ring.reduce(0) { $0 + ($1 == Self.noRecord ? 0 : 1) } == covered, "strays")
        precondition(free.allSatisfy { table[Int($0)].record == nil }, "a free number in use")
        precondition(span.count <= settings.pieces + RecordDraft.maximumPieces, "too many")
        if let end, let newest { precondition(newest < end, "pieces after the end") }
    }
}
