// How a live stream is cut: pieces of one length without end, blocks of 16 KiB.
// The only maker of blocks that may index anything.

/// Why a block that a peer names does not exist.
package enum GeometryFault: Error, Equatable {
    /// The offset is not a multiple of the block length, or beyond the piece.
    case offset
    /// The length is not that of the block at this offset.
    case length
}

/// The cut of an endless stream into pieces and blocks.
package struct PieceGeometry: Hashable, Sendable {
    /// The unit of transfer in bytes: what every client of BEP 3 asks for.
    package static let blockLength = 16_384
    /// The piece lengths that are taken, in bytes: from one block to 1 MiB, powers of two: a
    /// node keeps a bit a block in one word.
    package static let pieceLengths = 16_384...1_048_576

    /// The length of each piece in bytes.
    package let pieceLength: Int

    /// A cut into pieces of `pieceLength` bytes, or nil where that is not a power of two in range.
    package init?(pieceLength: Int) {
        guard Self.pieceLengths.contains(pieceLength), pieceLength & (pieceLength - 1) == 0
        else { return nil }
        self.pieceLength = pieceLength
    }

    /// The number of blocks in a piece.
    package var blocksPerPiece: Int { pieceLength / Self.blockLength }

    /// Block number `number` of `piece`; the number must be in `0..<blocksPerPiece`.
    package func block(_ number: Int, of piece: PieceIndex) -> Block {
        precondition((0..<blocksPerPiece).contains(number))
        return Block(
            piece: piece, offset: UInt32(number * Self.blockLength),
            length: UInt32(Self.blockLength))
    }

    /// The number within its piece of a block that a peer named.
    package func number(of block: Block) throws(GeometryFault) -> Int {
        let offset = Int(block.offset)
        guard offset % Self.blockLength == 0, offset < pieceLength else { throw .offset }
        guard Int(block.length) == Self.blockLength else { throw .length }
        return offset / Self.blockLength
    }

    /// The piece length for a stream: the largest power of two from 16 KiB up that still gives
    /// eight pieces a second, and never more than 1 MiB.
    package static func pieceLength(forBitsPerSecond bits: Double) -> Int {
        var length = blockLength
        while length < 1_048_576, bits / 8 / Double(length * 2) >= 8 { length *= 2 }
        return length
    }
}
