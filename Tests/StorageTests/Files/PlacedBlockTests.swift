// Blocks that are written into their places before anybody knows whether they count, and stretches
// that are lent to whoever sends them.

import Glibc
import Pieces
import Testing

@testable import Storage

@Suite("Memory that a store lends", .timeLimit(.minutes(1))) struct PlacedBlockTests {
    private let scratch: Scratch

    init() throws { scratch = try Scratch() }

    private func files(_ lengths: [Int64], pieceLength: Int = 32_768) throws -> TorrentFiles {
        try TorrentFiles(
            folder: "\(scratch.path)/down", layout: layout(lengths, pieceLength: pieceLength),
            paths: lengths.indices.map { ["f\($0)"] })
    }

    private func block(_ piece: UInt32, _ number: Int, _ length: UInt32 = 16_384) -> Block {
        Block(piece: PieceIndex(piece), offset: UInt32(number * 16_384), length: length)
    }

    /// Writes what is right into the places of `blocks`; answers how many places there were.
    private func place(_ rig: StoreRig, _ blocks: [Block], wrong: Bool = false) -> Int {
        var count = 0
        rig.store.withPlaces(blocks) { places in
            count = places.count
            for (block, place) in zip(blocks, places) {
                let piece = content(rig.store.files.layout, block.piece.value)
                #expect(place.count == Int(block.length))
                for at in place.indices {
                    place[at] = piece[Int(block.offset) + at] ^ (wrong ? 1 : 0)
                }
            }
        }
        return count
    }

    @Test("Blocks that are read into their places make pieces, in any order")
    func placed() throws {
        let rig = try StoreRig(files([70_000]))
        let blocks = [block(0, 1), block(2, 0, 70_000 - 65_536), block(1, 0), block(0, 0)]
        #expect(place(rig, blocks) == 4)
        #expect(rig.store.settle(blocks[0]) == .stored)
        #expect(rig.store.settle(blocks[0]) == .duplicate)
        #expect(rig.store.settle(blocks[1]) == .completed)
        #expect(rig.events(2) == [.verified(PieceIndex(2)), .written(PieceIndex(2))])
        #expect(rig.store.settle(blocks[2]) == .stored)
        #expect(rig.store.settle(blocks[3]) == .completed)
        #expect(rig.events(2) == [.verified(PieceIndex(0)), .written(PieceIndex(0))])
        #expect(rig.store.pendingBytes == 32_768)
    }

    @Test("A store is behind while three pieces wait to be checked and written")
    func behind() throws {
        var settings = TorrentStoreSettings()
        settings.hotBytes = 0
        let rig = try StoreRig(files([98_304]), settings: settings)
        var seen: [Bool] = []
        for piece in 0..<UInt32(3) {
            rig.assemble(piece, content(rig.store.files.layout, piece))
            seen.append(rig.store.isBehind)
        }
        #expect(seen == [false, false, true])
        _ = rig.events(6)
        #expect(!rig.store.isBehind)
    }

    @Test("What was placed and not settled counts for nothing")
    func unsettled() throws {
        let rig = try StoreRig(files([32_768]))
        #expect(place(rig, [block(0, 0), block(0, 1)], wrong: true) == 2)
        #expect(rig.assemble(0, content(rig.store.files.layout, 0)) == .completed)
        #expect(rig.events(2) == [.verified(PieceIndex(0)), .written(PieceIndex(0))])
    }

    @Test("Places end at the first block that is there, or is none, or would be of a fifth piece")
    func ends() throws {
        let rig = try StoreRig(files([400_000]))
        let first = Array(content(rig.store.files.layout, 0)[..<16_384])
        #expect(rig.store.assemble(PieceIndex(0), offset: 0, first.span) == .stored)
        #expect(place(rig, [block(0, 1), block(0, 0), block(1, 0)]) == 1)
        #expect(place(rig, [block(1, 0), block(99, 0)]) == 1)
        #expect(place(rig, [block(1, 0), block(1, 2)]) == 1)
        #expect(place(rig, [block(1, 0, 16_383)]) == 0)
        #expect(place(rig, [Block(piece: PieceIndex(1), offset: 1, length: 16_384)]) == 0)
        #expect(place(rig, [Block(piece: PieceIndex(1), offset: .max, length: .max)]) == 0)
        #expect(place(rig, (0..<6).map { block($0, 1) }) == 4)
    }

    private func seed(_ lengths: [Int64], pieceLength: Int = 131_072) throws -> StoreRig {
        let files = try files(lengths, pieceLength: pieceLength)
        let count = files.layout.pieceCount
        for piece in 0..<UInt32(count) {
            try files.write(PieceIndex(piece), content(files.layout, piece)[...])
        }
        // Opened for reading: what is not cannot be read at once.
        _ = try files.read(PieceIndex(0), offset: 0, length: 1)
        var settings = TorrentStoreSettings()
        (settings.stretchBytes, settings.stretchLength) = (131_072, 65_536)
        return try StoreRig(files, have: .full(pieceCount: count), settings: settings)
    }

    private func lent(_ read: StoreRead, _ rig: StoreRig) -> LentBytes? {
        switch read {
        case .lent(let bytes): return bytes
        case .later:
            guard case .lent(_, let bytes)? = rig.events(1).first else { return nil }
            return bytes
        case .bytes, .inFile, .refused: return nil
        }
    }

    @Test("What is lent stays as it is while it is held, however much is read meanwhile")
    func held() throws {
        let rig = try seed([1_000_000, 300_000])
        let layout = rig.store.files.layout
        var held: [(LentBytes, PieceIndex, Int)] = []
        for piece in 0..<UInt32(layout.pieceCount) {
            let length = layout.length(ofPiece: PieceIndex(piece)) ?? 0
            for offset in stride(from: 0, to: length - 16_383, by: 16_384) {
                let read = rig.store.read(
                    PieceIndex(piece), offset: offset, length: 16_384, ticket: 1)
                let bytes = try #require(lent(read, rig))
                held.append((bytes, PieceIndex(piece), offset))
            }
        }
        #expect(held.count > 70)
        for (bytes, piece, offset) in held {
            let right = content(layout, piece.value)[offset..<offset + 16_384]
            #expect(bytes.bytes.elementsEqual(right))
        }
    }

    @Test("What nobody holds any more is used for the next stretch")
    func reused() throws {
        let rig = try seed([2_000_000])
        var bases: Set<UnsafeRawPointer> = []
        for piece in 0..<UInt32(15) {
            let read = rig.store.read(PieceIndex(piece), offset: 0, length: 16_384, ticket: 1)
            if let base = lent(read, rig)?.bytes.baseAddress { bases.insert(base) }
        }
        #expect(bases.count <= 6)
    }

    @Test("Few bytes are read by themselves, unless they lie in a stretch that is here anyway")
    func short() throws {
        let rig = try seed([131_072])
        let right = content(rig.store.files.layout, 0)
        for (ticket, offset, length) in [(1, 5, 1), (2, 16_384, 8191), (3, 131_071, 1)] {
            let read = rig.store.read(
                PieceIndex(0), offset: offset, length: length, ticket: ReadTicket(ticket))
            try #require(read == .later)
            let bytes = right[offset..<offset + length]
            #expect(rig.events(1) == [.read(ReadTicket(ticket), Array(bytes)[...])])
        }
        // Had a stretch been read, it would be lent as it was.
        try rig.store.files.write(PieceIndex(0), [UInt8](repeating: 7, count: 131_072)[...])
        let whole = rig.store.read(PieceIndex(0), offset: 0, length: 16_384, ticket: 4)
        #expect(try #require(lent(whole, rig)).bytes.allSatisfy { $0 == 7 })
        let one = rig.store.read(PieceIndex(0), offset: 20_000, length: 1, ticket: 5)
        guard case .lent(let byte) = one else {
            Issue.record("what is here is not lent")
            return
        }
        #expect(byte.bytes.elementsEqual([7]))
    }

    @Test("Half blocks and the end of a piece that is cut into blocks come with their stretch")
    func half() throws {
        let rig = try seed([131_072 + 16_484])
        let right = content(rig.store.files.layout, 1)
        let tail = rig.store.read(PieceIndex(1), offset: 16_384, length: 100, ticket: 1)
        #expect(try #require(lent(tail, rig)).bytes.elementsEqual(right[16_384...]))
        let half = rig.store.read(PieceIndex(0), offset: 24_576, length: 8192, ticket: 2)
        let bytes = content(rig.store.files.layout, 0)[24_576..<32_768]
        #expect(try #require(lent(half, rig)).bytes.elementsEqual(bytes))
    }

    @Test("Without stretches, too, few bytes are read by themselves")
    func shortAlone() throws {
        let files = try files([131_072], pieceLength: 131_072)
        try files.write(PieceIndex(0), content(files.layout, 0)[...])
        let rig = try StoreRig(files, have: .full(pieceCount: 1))
        try #require(rig.store.read(PieceIndex(0), offset: 5, length: 1, ticket: 1) == .later)
        #expect(rig.events(1) == [.read(1, content(files.layout, 0)[5..<6])])
        #expect(rig.store.read(PieceIndex(0), offset: 0, length: 16_384, ticket: 2) == .later)
        #expect(rig.events(1).count == 1)
        #expect(
            rig.store.read(PieceIndex(0), offset: 9, length: 1, ticket: 3)
                == .bytes(content(files.layout, 0)[9..<10]))
    }

    @Test(
        "Over the border of stretches it is read by itself, and of a file that is gone not at all")
    func odd() throws {
        let rig = try seed([131_072, 131_072])
        #expect(rig.store.read(PieceIndex(0), offset: 65_500, length: 100, ticket: 7) == .later)
        let right = content(rig.store.files.layout, 0)[65_500..<65_600]
        #expect(rig.events(1) == [.read(7, Array(right)[...])])
        truncate("\(rig.store.files.folder)/f1", 10)
        #expect(rig.store.read(PieceIndex(1), offset: 0, length: 100, ticket: 8) == .later)
        #expect(
            rig.events(1) == [.unreadable(8, .tooShort(path: "\(rig.store.files.folder)/f1"))])
    }
}
