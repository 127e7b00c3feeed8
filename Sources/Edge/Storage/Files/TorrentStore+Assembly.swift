// Blocks become pieces, in memory. Does not know from whom they are.

package import Pieces

/// A piece of which blocks are missing.
struct BlockAssembly: Sendable {
    private(set) var bytes: [UInt8]
    private var missing: Bitfield

    /// A piece of `length` bytes, in the memory of `used` where that is as long.
    init(length: Int, in used: [UInt8]?) {
        if let used, used.count == length {
            bytes = used
        } else {
            // Nothing is read of it before all of it was written.
            bytes = [UInt8](unsafeUninitializedCapacity: length) { $1 = length }
        }
        let blocks = (length + PieceGeometry.blockLength - 1) / PieceGeometry.blockLength
        missing = .full(pieceCount: blocks)
    }

    var isComplete: Bool { missing.isEmpty }

    /// Puts a block in its place; false where it is there already.
    mutating func add(_ number: Int, _ block: Span<UInt8>) -> Bool {
        guard missing.remove(PieceIndex(UInt32(number))) else { return false }
        let start = number * PieceGeometry.blockLength
        // In one move: debug builds loop slowly.
        bytes.withUnsafeMutableBytes { target in
            block.withUnsafeBytes { source in
                UnsafeMutableRawBufferPointer(rebasing: target[start..<start + source.count])
                    .copyMemory(from: source)
            }
        }
        return true
    }
}

extension TorrentStore {
    /// Takes a block; the last one of a piece has it checked and written.
    ///
    /// Memory for the whole piece is taken with the first. `outsideWindow` where there is no such
    /// piece, `malformed` where a block is not cut as BEP 3 clients do, `duplicate` where it or its
    /// piece is there already.
    package func assemble(
        _ piece: PieceIndex, offset: Int, _ block: Span<UInt8>
    ) -> Assembly {
        guard let whole = files.layout.length(ofPiece: piece) else { return .outsideWindow }
        let unit = PieceGeometry.blockLength
        guard offset >= 0, offset % unit == 0, offset < whole else { return .malformed(.offset) }
        guard block.count == min(unit, whole - offset) else { return .malformed(.length) }
        // Looked up once: this is done for every block.
        guard let place = assembling.index(forKey: piece) ?? begin(piece, whole),
            assembling.values[place].add(offset / unit, block)
        else { return .duplicate }
        guard assembling.values[place].isComplete else { return .stored }
        let there = assembling.remove(at: place).value
        pendingBytes -= whole
        submit(piece, there.bytes)
        return .completed
    }

    /// Makes room for the blocks of a piece; nil where it is there already.
    private func begin(_ piece: PieceIndex, _ length: Int) -> Dictionary<
        PieceIndex, BlockAssembly
    >.Index? {
        guard pending[piece] == nil, !written.contains(piece) else { return nil }
        assembling[piece] = BlockAssembly(length: length, in: spare.popLast())
        pendingBytes += length
        return assembling.index(forKey: piece)
    }

    /// Forgets the blocks of a piece that is being assembled.
    package func forget(_ piece: PieceIndex) {
        guard let gone = assembling.removeValue(forKey: piece) else { return }
        pendingBytes -= gone.bytes.count
    }
}
