// Which pieces of an endless stream somebody has, within a window that slides with the stream.
// Decides nothing about when to slide. A ring of words, addressed by the number of the piece, so
// that sliding moves nothing and clears only what falls out.
//
//     base               base + capacity
//      ├──────── window ────────┤            bits outside the window are always zero
//     ─┴─word─┴─word─┴─word─┴─word─┴─        word = piece / 64, at word mod ring size

/// A set of pieces within a window of fixed capacity over an endless stream.
@usableFromInline package struct WindowBitmap: Hashable, Sendable {
    /// The first piece of the window.
    @usableFromInline package internal(set) var base: PieceIndex
    /// How many pieces the window spans.
    @usableFromInline package let capacity: Int
    /// How many pieces are in the set.
    @usableFromInline package internal(set) var count = 0
    /// A power of two of them, one more than the capacity needs because the base is not aligned.
    @usableFromInline var words: [UInt64]

    /// An empty set over the window of `capacity` pieces from `base`.
    package init(base: PieceIndex, capacity: Int) {
        precondition(capacity > 0)
        self.base = base
        self.capacity = capacity
        var size = 2
        while size * 64 < capacity + 64 { size *= 2 }
        words = [UInt64](repeating: 0, count: size)
    }

    /// The window: its first piece, and the first piece past it as far as numbers go.
    package var range: Range<PieceIndex> { base..<base.advanced(by: capacity) }

    /// Whether `piece` is in the set; false outside the window.
    @inlinable package func contains(_ piece: PieceIndex) -> Bool {
        guard spans(piece) else { return false }
        return words[slot(piece)] & bit(piece) != 0
    }

    /// Puts `piece` into the set; false where it lies outside the window.
    @inlinable @discardableResult package mutating func insert(_ piece: PieceIndex) -> Bool {
        guard spans(piece) else { return false }
        let at = slot(piece)
        if words[at] & bit(piece) == 0 { count += 1 }
        words[at] |= bit(piece)
        return true
    }

    /// Takes `piece` out of the set; false where it was not there.
    @discardableResult package mutating func remove(_ piece: PieceIndex) -> Bool {
        guard contains(piece) else { return false }
        words[slot(piece)] &= ~bit(piece)
        count -= 1
        return true
    }

    /// Moves the window so that it begins at `newBase`; what falls out is forgotten.
    package mutating func slide(to newBase: PieceIndex) {
        let old = number(base)..<number(base) + capacity
        let new = number(newBase)..<number(newBase) + capacity
        clear(old.lowerBound, to: min(old.upperBound, new.lowerBound))
        clear(max(old.lowerBound, new.upperBound), to: old.upperBound)
        base = newBase
    }

    /// Takes the pieces from number `start` to before `limit` out, if there are any.
    private mutating func clear(_ start: Int, to limit: Int) {
        var piece = start
        while piece < limit, count > 0 {
            let end = min(limit, (piece / 64 + 1) * 64)
            let mask = (UInt64.max << UInt64(64 - (end - piece))) >> UInt64(piece % 64)
            let at = piece / 64 & (words.count - 1)
            count -= (words[at] & mask).nonzeroBitCount
            words[at] &= ~mask
            piece = end
        }
    }

    /// The bits of the 64 pieces from number `first` on, which come first in the highest bits.
    ///
    /// Numbers outside the window, also those that no piece can have, give zero bits.
    package func bits(from first: Int) -> UInt64 {
        let shift = UInt64(first & 63)
        let high = word(first >> 6) << shift
        return shift == 0 ? high : high | word((first >> 6) + 1) >> (64 - shift)
    }

    /// The word number `number` of the stream; the ring holds only those that the window touches.
    private func word(_ number: Int) -> UInt64 {
        let first = Int(base.value)
        guard number >= first / 64, number <= (first + capacity - 1) / 64 else { return 0 }
        return words[number & (words.count - 1)]
    }

    @inlinable func spans(_ piece: PieceIndex) -> Bool {
        piece >= base && number(piece) - number(base) < capacity
    }

    @inlinable func number(_ piece: PieceIndex) -> Int { Int(piece.value) }

    @inlinable func slot(_ piece: PieceIndex) -> Int { number(piece) / 64 & (words.count - 1) }

    @inlinable func bit(_ piece: PieceIndex) -> UInt64 { 1 << UInt64(63 - piece.value % 64) }
}
