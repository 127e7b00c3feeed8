// Questions to a window, answered 64 pieces at a time, and its form on the wire: the number of
// the first piece held and a bitmap from there, high bit first as in BEP 3.

extension WindowBitmap {
    /// A window as the extension handshake states it.
    package struct Encoded: Hashable, Sendable {
        /// The piece of the first bit.
        package let first: PieceIndex
        /// A bit a piece, high bit first, without trailing zero bytes.
        package let bits: [UInt8]

        /// The pieces that `bits` name, the first of them being `first`.
        package init(first: PieceIndex, bits: [UInt8]) {
            self.first = first
            self.bits = bits
        }
    }

    /// The set that `bits` from `first` on state, with the window beginning at `first`, or nil.
    ///
    /// Nil where a bit is set past the capacity or past the end of the numbering, or where there
    /// are more bytes than the capacity needs.
    package init?(first: PieceIndex, bits: [UInt8], capacity: Int) {
        guard bits.count <= (capacity + 7) / 8 else { return nil }
        self.init(base: first, capacity: capacity)
        for (i, byte) in bits.enumerated() {
            var rest = byte
            while rest != 0 {
                let bit = rest.leadingZeroBitCount
                rest &= ~(0x80 >> UInt8(bit))
                guard let number = UInt32(exactly: Int(first.value) + i * 8 + bit),
                    insert(PieceIndex(number))
                else { return nil }
            }
        }
    }

    /// The set in the form of the wire, from the first piece held, or from the base where none is.
    package func encoded() -> Encoded {
        let start = first ?? base
        guard let last else { return Encoded(first: start, bits: []) }
        let length = start.distance(to: last) / 8 + 1
        var bytes: [UInt8] = []
        bytes.reserveCapacity(length)
        while bytes.count < length {
            let word = bits(from: Int(start.value) + bytes.count * 8)
            for i in 0..<min(8, length - bytes.count) {
                bytes.append(UInt8(truncatingIfNeeded: word >> UInt64(56 - i * 8)))
            }
        }
        return Encoded(first: start, bits: bytes)
    }

    /// Whether no piece is in the set.
    @inlinable package var isEmpty: Bool { count == 0 }

    /// The lowest piece in the set.
    package var first: PieceIndex? {
        guard count > 0 else { return nil }
        for offset in stride(from: 0, to: capacity, by: 64) {
            let word = bits(from: Int(base.value) + offset)
            if word != 0 { return base.advanced(by: offset + word.leadingZeroBitCount) }
        }
        return nil
    }

    /// The highest piece in the set.
    package var last: PieceIndex? {
        guard count > 0 else { return nil }
        for end in stride(from: capacity, to: 0, by: -64) {
            let word = bits(from: Int(base.value) + end - 64)
            if word != 0 { return base.advanced(by: end - 1 - word.trailingZeroBitCount) }
        }
        return nil
    }

    /// The pieces of the set in `pieces`, in rising order.
    package func indices(in pieces: Range<PieceIndex>) -> [PieceIndex] {
        var out: [PieceIndex] = []
        let pieces = pieces.clamped(to: range)
        var start = pieces.lowerBound
        while start < pieces.upperBound {
            var word = part(of: start..<pieces.upperBound)
            while word != 0 {
                let bit = word.leadingZeroBitCount
                out.append(start.advanced(by: bit))
                word &= ~(1 << UInt64(63 - bit))
            }
            start = start.advanced(by: 64)
        }
        return out
    }

    /// How many pieces of the set are in `pieces`.
    package func count(in pieces: Range<PieceIndex>) -> Int {
        let pieces = pieces.clamped(to: range)
        var (start, sum) = (pieces.lowerBound, 0)
        while start < pieces.upperBound {
            sum += part(of: start..<pieces.upperBound).nonzeroBitCount
            start = start.advanced(by: 64)
        }
        return sum
    }

    /// The bits of the first 64 pieces of `pieces`; those past its end are zero.
    private func part(of pieces: Range<PieceIndex>) -> UInt64 {
        let word = bits(from: Int(pieces.lowerBound.value))
        let length = pieces.count
        return length < 64 ? word & ~(.max >> UInt64(length)) : word
    }
}

extension WindowBitmap {
    /// Traps where the set contradicts itself; for tests and simulations.
    package func checkInvariants() {
        var sum = 0
        for offset in stride(from: 0, to: capacity, by: 64) {
            let word = bits(from: Int(base.value) + offset)
            let rest = capacity - offset
            precondition(rest >= 64 || word & (.max >> UInt64(rest)) == 0, "bits past the window")
            sum += word.nonzeroBitCount
        }
        precondition(sum == count, "the count is not that of the bits")
        precondition(bits(from: Int(base.value) - 64) == 0, "bits before the window")
    }
}
