// Names of pieces and blocks. A piece is the unit of integrity, a block the unit of transfer
// (BEP 3). Whether an index exists in a torrent is for PieceGeometry to say.

/// The number of a piece, from 0; live pieces are numbered without end (32 bits last decades).
@usableFromInline package struct PieceIndex: Hashable, Comparable, Sendable, Strideable {
    /// The number.
    @usableFromInline package let value: UInt32

    /// Piece number `value`.
    @inlinable package init(_ value: UInt32) { self.value = value }

    @inlinable package static func < (a: Self, b: Self) -> Bool { a.value < b.value }
    // As for `Instant`: called directly from other modules.
    @inlinable package static func > (a: Self, b: Self) -> Bool { a.value > b.value }
    @inlinable package static func <= (a: Self, b: Self) -> Bool { a.value <= b.value }
    @inlinable package static func >= (a: Self, b: Self) -> Bool { a.value >= b.value }
    @inlinable package static func == (a: Self, b: Self) -> Bool { a.value == b.value }

    /// How many pieces `other` comes after this one.
    @inlinable package func distance(to other: Self) -> Int { Int(other.value) - Int(value) }

    /// The piece `n` after this one; saturates at the ends of the numbering.
    @inlinable package func advanced(by n: Int) -> Self {
        let (sum, overflow) = Int(value).addingReportingOverflow(n)
        guard !overflow else { return Self(n > 0 ? .max : 0) }
        return Self(UInt32(clamping: sum))
    }
}

/// A part of a piece: the unit of a REQUEST and a PIECE message (BEP 3).
package struct Block: Hashable, Sendable {
    /// The piece that it is part of.
    package let piece: PieceIndex
    /// Where it begins in the piece, in bytes.
    package let offset: UInt32
    /// Its length in bytes.
    package let length: UInt32

    /// The `length` bytes at `offset` of `piece`, as a message states them: not checked.
    package init(piece: PieceIndex, offset: UInt32, length: UInt32) {
        self.piece = piece
        self.offset = offset
        self.length = length
    }
}

extension PieceIndex: CustomStringConvertible {
    @usableFromInline package var description: String { "#\(value)" }
}

extension Block: CustomStringConvertible {
    package var description: String { "\(piece)+\(offset)/\(length)" }
}
