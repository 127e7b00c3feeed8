// Blocks become pieces, in memory. Does not know from whom they are.

package import Pieces
package import Primitives

/// A piece of which blocks are missing.
struct BlockAssembly: Sendable {
    let memory: PieceMemory
    private var missing: Bitfield

    /// A piece in `memory` of which the blocks `missing` have to come anew.
    init(in memory: PieceMemory, missing: [Int]) {
        self.memory = memory
        let unit = PieceGeometry.blockLength
        self.missing = Bitfield(pieceCount: (memory.bytes.count + unit - 1) / unit)
        for number in missing { self.missing.insert(PieceIndex(UInt32(number))) }
    }

    /// A piece in `memory`, which is as long.
    init(in memory: PieceMemory) {
        self.memory = memory
        let unit = PieceGeometry.blockLength
        missing = .full(pieceCount: (memory.bytes.count + unit - 1) / unit)
    }

    var isComplete: Bool { missing.isEmpty }

    /// Whether a block has not come.
    func lacks(_ number: Int) -> Bool { missing.contains(PieceIndex(UInt32(number))) }

    /// Takes a block that is in its place; false where it was there already.
    mutating func note(_ number: Int) -> Bool { missing.remove(PieceIndex(UInt32(number))) }

    /// Puts a block in its place; false where it is there already.
    mutating func add(_ number: Int, _ block: Span<UInt8>) -> Bool {
        guard note(number) else { return false }
        let start = number * PieceGeometry.blockLength
        // In one move: debug builds loop slowly.
        memory.bytes.withUnsafeMutableBytes { target in
            block.withUnsafeBytes { source in
                UnsafeMutableRawBufferPointer(rebasing: target[start..<start + source.count])
                    .copyMemory(from: source)
            }
        }
        return true
    }
}

extension TorrentStore {
    private typealias Place = Dictionary<PieceIndex, BlockAssembly>.Index

    /// Takes a block; the last one of a piece has it checked and written.
    ///
    /// Memory for the whole piece is taken with the first. Where the time is given, a whole piece
    /// may wait for others until `lotDeadline`. `outsideWindow` where there is no such piece,
    /// `malformed` where a block is not cut as BEP 3 clients do, `duplicate` where it or its piece is
    /// there already.
    package func assemble(
        _ piece: PieceIndex, offset: Int, _ block: Span<UInt8>, at now: Instant? = nil
    ) -> Assembly {
        put(piece, offset, block.count, now) { $0.add($1, block) }
    }

    /// Takes a block that lies in its place since `withPlaces`; as `assemble`.
    package func settle(_ block: Block, at now: Instant? = nil) -> Assembly {
        put(block.piece, Int(block.offset), Int(block.length), now) { $0.note($1) }
    }

    private func put(
        _ piece: PieceIndex, _ offset: Int, _ count: Int, _ now: Instant?,
        _ add: (inout BlockAssembly, Int) -> Bool
    ) -> Assembly {
        guard let whole = files.layout.length(ofPiece: piece) else { return .outsideWindow }
        let unit = PieceGeometry.blockLength
        guard offset >= 0, offset % unit == 0, offset < whole else { return .malformed(.offset) }
        guard count == min(unit, whole - offset) else { return .malformed(.length) }
        // Looked up once: this is done for every block.
        guard let place = assembling.index(forKey: piece) ?? begin(piece, whole),
            add(&assembling.values[place], offset / unit)
        else { return .duplicate }
        guard assembling.values[place].isComplete else { return .stored }
        let there = assembling.remove(at: place).value
        pendingBytes -= whole
        submit(piece, there.memory, at: now)
        return .completed
    }

    /// Makes room for the blocks of a piece; nil where it is there already.
    private func begin(_ piece: PieceIndex, _ length: Int) -> Place? {
        guard pending[piece] == nil, doubtful[piece] == nil, !written.contains(piece)
        else { return nil }
        let used = length == files.layout.pieceLength ? spare.popLast() : nil
        assembling[piece] = BlockAssembly(in: used ?? PieceMemory(length: length))
        pendingBytes += length
        return assembling.index(forKey: piece)
    }

    /// Forgets the blocks of a piece that is being assembled, or was wrong and is kept.
    package func forget(_ piece: PieceIndex) {
        let doubted = doubtful.removeValue(forKey: piece)
        guard let gone = assembling.removeValue(forKey: piece)?.memory ?? doubted else { return }
        pendingBytes -= gone.bytes.count
    }
}

extension TorrentStore {
    /// Pieces in which blocks are placed at a time: what comes next is of one or two.
    private static let mostPlaced = 4

    /// Calls `body` with the places of `blocks`: as many as are missing, and cut as they should be,
    /// up to the first that is not.
    ///
    /// What is written there counts for nothing before `settle`, and must be settled, or not, before
    /// anything else is done with this store.
    package func withPlaces(
        _ blocks: [Block], _ body: ([UnsafeMutableRawBufferPointer]) -> Void
    ) {
        var memories: [PieceMemory] = []
        var ranges: [(memory: Int, bytes: Range<Int>)] = []
        ranges.reserveCapacity(blocks.count)
        // Looked up once a piece: blocks of one come after each other.
        var here: (piece: PieceIndex, place: Place, memory: Int)?
        for block in blocks {
            if here?.piece != block.piece {
                guard let place = place(of: block.piece) else { break }
                let memory = assembling.values[place].memory
                let known = memories.lastIndex { $0 === memory }
                guard known != nil || memories.count < Self.mostPlaced else { break }
                if known == nil { memories.append(memory) }
                here = (block.piece, place, known ?? memories.count - 1)
            }
            guard let here, lacks(block, at: here.place) else { break }
            let start = Int(block.offset)
            ranges.append((here.memory, start..<start + Int(block.length)))
        }
        Self.open(memories[...], []) { bases in
            body(ranges.map { UnsafeMutableRawBufferPointer(rebasing: bases[$0.memory][$0.bytes]) })
        }
    }

    /// Where a piece is assembled, which is begun if it is missing; nil where it is not.
    private func place(of piece: PieceIndex) -> Place? {
        guard let whole = files.layout.length(ofPiece: piece) else { return nil }
        return assembling.index(forKey: piece) ?? begin(piece, whole)
    }

    /// Whether `block` is missing of the piece at `place`, and cut as it should be.
    private func lacks(_ block: Block, at place: Place) -> Bool {
        let (unit, offset) = (PieceGeometry.blockLength, Int(block.offset))
        let it = assembling.values[place]
        let whole = it.memory.bytes.count
        return offset % unit == 0 && offset < whole
            && Int(block.length) == min(unit, whole - offset) && it.lacks(offset / unit)
    }

    /// Calls `body` with where the bytes of all of `memories` are.
    private static func open(
        _ memories: ArraySlice<PieceMemory>, _ bases: [UnsafeMutableRawBufferPointer],
        _ body: ([UnsafeMutableRawBufferPointer]) -> Void
    ) {
        guard let first = memories.first else { return body(bases) }
        first.bytes.withUnsafeMutableBytes { open(memories.dropFirst(), bases + [$0], body) }
    }
}
