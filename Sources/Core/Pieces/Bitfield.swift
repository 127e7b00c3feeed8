// Which pieces of a torrent of known size somebody has: the BITFIELD of BEP 3 as a set.
// For an endless stream there is WindowBitmap; whether a peer may send one is for Wire to say.

/// A set of the pieces `0..<pieceCount`, in the bit order of BEP 3: high bit first.
package struct Bitfield: Hashable, Sendable {
    /// How many pieces there are to have.
    package let pieceCount: Int
    /// Piece 0 is the highest bit of the first word; bits past the last piece are zero.
    private var words: [UInt64]

    /// The empty set out of `pieceCount` pieces.
    package init(pieceCount: Int) {
        precondition(pieceCount >= 0)
        self.pieceCount = pieceCount
        words = [UInt64](repeating: 0, count: (pieceCount + 63) / 64)
    }

    /// The set that a BITFIELD message states, or nil.
    ///
    /// Nil where the number of bytes is not exactly that of `count` pieces, or where a spare bit
    /// is set (BEP 3 "peer messages": clients should drop the connection).
    package init?(_ wire: Span<UInt8>, count: Int) {
        guard count >= 0, wire.count == count / 8 + (count % 8 == 0 ? 0 : 1) else { return nil }
        self.init(pieceCount: count)
        for i in wire.indices { words[i / 8] |= UInt64(wire[i]) << UInt64(56 - i % 8 * 8) }
        guard let last = words.last, count % 64 != 0 else { return }
        guard last & (.max >> UInt64(count % 64)) == 0 else { return nil }
    }

    /// The payload of a BITFIELD message.
    package var bytes: [UInt8] {
        (0..<(pieceCount + 7) / 8).map { i in
            UInt8(truncatingIfNeeded: words[i / 8] >> UInt64(56 - i % 8 * 8))
        }
    }

    /// How many pieces are in the set.
    package var count: Int { words.reduce(0) { $0 + $1.nonzeroBitCount } }

    /// Whether no piece is in the set.
    package var isEmpty: Bool { words.allSatisfy { $0 == 0 } }

    /// Whether every piece is in the set.
    package var isFull: Bool { count == pieceCount }

    /// Whether `piece` is in the set; false for a piece that does not exist.
    package func contains(_ piece: PieceIndex) -> Bool {
        guard let at = Position(piece, of: pieceCount) else { return false }
        return words[at.word] & at.bit != 0
    }

    /// Puts `piece` into the set; false where it does not exist or was there.
    @discardableResult package mutating func insert(_ piece: PieceIndex) -> Bool {
        guard let at = Position(piece, of: pieceCount), words[at.word] & at.bit == 0
        else { return false }
        words[at.word] |= at.bit
        return true
    }

    /// Takes `piece` out of the set; false where it was not there.
    @discardableResult package mutating func remove(_ piece: PieceIndex) -> Bool {
        guard let at = Position(piece, of: pieceCount), words[at.word] & at.bit != 0
        else { return false }
        words[at.word] &= ~at.bit
        return true
    }
}

/// Where the bit of a piece is.
private struct Position {
    let word: Int
    let bit: UInt64

    init?(_ piece: PieceIndex, of count: Int) {
        let number = Int(piece.value)
        guard number < count else { return nil }
        word = number / 64
        bit = 1 << UInt64(63 - number % 64)
    }
}

// Operations on whole sets, a word at a time. Both sets must be out of the same number of pieces:
// they then belong to one torrent.
extension Bitfield {
    /// The set of every one of `pieceCount` pieces (HAVE ALL, BEP 6).
    package static func full(pieceCount: Int) -> Self {
        var field = Self(pieceCount: pieceCount)
        for i in field.words.indices { field.words[i] = .max }
        if pieceCount % 64 != 0, let last = field.words.indices.last {
            field.words[last] = ~(.max >> UInt64(pieceCount % 64))
        }
        return field
    }

    /// Adds the pieces of `other`.
    package mutating func formUnion(_ other: Self) {
        precondition(pieceCount == other.pieceCount)
        for i in words.indices { words[i] |= other.words[i] }
    }

    /// Keeps only the pieces that `other` has too.
    package mutating func formIntersection(_ other: Self) {
        precondition(pieceCount == other.pieceCount)
        for i in words.indices { words[i] &= other.words[i] }
    }

    /// Takes out the pieces of `other`.
    package mutating func subtract(_ other: Self) {
        precondition(pieceCount == other.pieceCount)
        for i in words.indices { words[i] &= ~other.words[i] }
    }

    /// Whether `other` has a piece that is not in this set: what makes a peer interesting.
    package func lacksAny(of other: Self) -> Bool {
        precondition(pieceCount == other.pieceCount)
        return words.indices.contains { other.words[$0] & ~words[$0] != 0 }
    }

    /// The pieces of the set in rising order.
    package var indices: [PieceIndex] {
        var out: [PieceIndex] = []
        for (i, word) in words.enumerated() {
            var rest = word
            while rest != 0 {
                let bit = rest.leadingZeroBitCount
                out.append(PieceIndex(UInt32(i * 64 + bit)))
                rest &= ~(1 << UInt64(63 - bit))
            }
        }
        return out
    }

    /// The first piece from `start` on that is not in the set.
    package func firstMissing(from start: PieceIndex) -> PieceIndex? {
        var number = Int(start.value)
        while number < pieceCount {
            let word = ~words[number / 64] & (.max >> UInt64(number % 64))
            guard word == 0 else {
                let found = number / 64 * 64 + word.leadingZeroBitCount
                return found < pieceCount ? PieceIndex(UInt32(found)) : nil
            }
            number = (number / 64 + 1) * 64
        }
        return nil
    }

    /// The first piece of the set that `other` lacks.
    package func first(notIn other: Self) -> PieceIndex? {
        precondition(pieceCount == other.pieceCount)
        for i in words.indices {
            let word = words[i] & ~other.words[i]
            if word != 0 { return PieceIndex(UInt32(i * 64 + word.leadingZeroBitCount)) }
        }
        return nil
    }
}
