// A piece of which blocks are missing. Knows nothing of its number.

import Pieces

/// The bytes of a piece and which of its blocks have come.
struct PieceInProgress: Sendable {
    /// The bytes; zero where no block has come yet.
    private(set) var bytes: [UInt8]
    private var isHere: [Bool]
    private var missing: Int

    init(_ geometry: PieceGeometry) {
        bytes = [UInt8](repeating: 0, count: geometry.pieceLength)
        isHere = [Bool](repeating: false, count: geometry.blocksPerPiece)
        missing = geometry.blocksPerPiece
    }

    var isComplete: Bool { missing == 0 }

    /// Puts block `number` in its place; false where it is there already.
    mutating func add(_ number: Int, _ block: Span<UInt8>) -> Bool {
        guard !isHere[number] else { return false }
        isHere[number] = true
        missing -= 1
        let start = number * PieceGeometry.blockLength
        // In one move: the bounds of both are known, and debug builds loop slowly.
        bytes.withUnsafeMutableBytes { target in
            block.withUnsafeBytes { source in
                UnsafeMutableRawBufferPointer(rebasing: target[start..<start + source.count])
                    .copyMemory(from: source)
            }
        }
        return true
    }
}
