// Which of some consecutive pieces a node has: how windows and batched HAVEs of live channels
// are written. A picture of a moment, as bytes; the window that changes lives in Pieces.
package import Pieces

/// A first piece and a bitmap: bit 0 is the high bit of the first byte and means that piece.
package struct PieceMap: Hashable, Sendable {
    /// The piece that bit 0 stands for.
    package let first: PieceIndex
    /// One bit a piece, high bit first.
    package let bitmap: [UInt8]

    /// The pieces that `bitmap` marks from `first` on.
    ///
    /// Nil where a marked piece would have the number 0xffffffff, which means "none", or more.
    package init?(first: PieceIndex, bitmap: [UInt8]) {
        if let last = bitmap.lastIndex(where: { $0 != 0 }) {
            let bit = last * 8 + 7 - bitmap[last].trailingZeroBitCount
            guard bit < Int(UInt32.max) - Int(first.value) else { return nil }
        }
        self.first = first
        self.bitmap = bitmap
    }

    /// The marked pieces, in ascending order.
    package var pieces: [PieceIndex] {
        var out: [PieceIndex] = []
        for (index, byte) in bitmap.enumerated() where byte != 0 {
            for bit in 0..<8 where byte & (0x80 >> UInt8(bit)) != 0 {
                out.append(first.advanced(by: index * 8 + bit))
            }
        }
        return out
    }

    /// The maps that mark exactly `pieces`, which must ascend, in at most `bytes` bytes each.
    ///
    /// Each begins at a marked piece and ends with one, so that a gap costs nothing.
    package static func maps(of pieces: [PieceIndex], bytes: Int) -> [PieceMap] {
        precondition(bytes > 0)
        var maps: [PieceMap] = []
        var start = 0
        while start < pieces.count {
            let first = pieces[start]
            var bitmap: [UInt8] = []
            while start < pieces.count {
                let bit = first.distance(to: pieces[start])
                precondition(bit >= 0, "The pieces ascend")
                guard bit < bytes * 8 else { break }
                while bitmap.count <= bit / 8 { bitmap.append(0) }
                bitmap[bit / 8] |= 0x80 >> UInt8(bit % 8)
                start += 1
            }
            if let map = PieceMap(first: first, bitmap: bitmap) { maps.append(map) }
        }
        return maps
    }
}
