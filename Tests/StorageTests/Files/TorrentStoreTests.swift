// Pieces in and out of a store, with its threads and a real disk.

import Glibc
import Pieces
import Primitives
import Testing

@testable import Storage

@Suite("The store of a torrent", .timeLimit(.minutes(1))) struct TorrentStoreTests {
    private let scratch: Scratch

    init() throws { scratch = try Scratch() }

    private func files(_ lengths: [Int64], in folder: String? = nil) throws -> TorrentFiles {
        try TorrentFiles(
            folder: folder ?? "\(scratch.path)/down", layout: layout(lengths),
            paths: lengths.indices.map { ["f\($0)"] })
    }

    @Test("A piece goes from blocks to the disk, and can be read all the way")
    func wayOfAPiece() throws {
        let rig = try StoreRig(files([100_000, 30_000]))
        let bytes = content(rig.store.files.layout, 3)
        #expect(bytes.count == 31_696)
        let (first, last) = (Array(bytes[..<16_384]), Array(bytes[16_384...]))
        let piece = PieceIndex(3)
        #expect(rig.store.assemble(piece, offset: 16_384, last.span) == .stored)
        #expect(rig.store.assemble(piece, offset: 16_384, last.span) == .duplicate)
        #expect(rig.store.pendingBytes == bytes.count)
        #expect(rig.store.read(piece, offset: 16_384, length: 10, ticket: 1) == .refused)
        #expect(rig.store.run(file: 0, from: 98_304, limit: 10) == .missing(piece))
        #expect(rig.store.assemble(piece, offset: 0, first.span) == .completed)
        #expect(rig.events(2) == [.verified(piece), .written(piece)])
        #expect(rig.store.isIdle && rig.store.pendingBytes == 0 && rig.store.has(piece))
        #expect(rig.store.assemble(piece, offset: 0, first.span) == .duplicate)
        #expect(
            rig.store.read(piece, offset: 100, length: 50, ticket: 1) == .bytes(bytes[100..<150]))
        #expect(fileBytes("\(rig.store.files.folder)/f1") == Array(bytes[1696...]))
    }

    @Test(
        "A block that is not one is refused",
        arguments: [
            (0, 1, 16_384, .malformed(.offset)), (0, 16_384, 16_383, .malformed(.length)),
            (0, 32_768, 16_384, .malformed(.offset)), (0, -16_384, 16_384, .malformed(.offset)),
            (0, 0, 0, .malformed(.length)), (0, 0, 16_385, .malformed(.length)),
            (1, 0, 16_384, .malformed(.length)), (1, 0, 7232, .completed),
            (2, 0, 16_384, .outsideWindow), (.max, 0, 16_384, .outsideWindow),
        ] as [(UInt32, Int, Int, Assembly)])
    func blocks(_ piece: UInt32, _ offset: Int, _ length: Int, _ answer: Assembly) throws {
        let rig = try StoreRig(files([40_000]))
        let block = [UInt8](repeating: 0, count: length)
        #expect(rig.store.assemble(PieceIndex(piece), offset: offset, block.span) == answer)
    }

    @Test("What is only assembled leaves room for the blocks that are missing")
    func large() throws {
        var settings = TorrentStoreSettings()
        settings.pendingBytes = 32_768
        let rig = try StoreRig(files([100_000]), settings: settings)
        for piece in 0..<UInt32(2) {
            let first = Array(content(rig.store.files.layout, piece)[..<16_384])
            #expect(rig.store.assemble(PieceIndex(piece), offset: 0, first.span) == .stored)
        }
        #expect(rig.store.pendingBytes == 65_536 && rig.store.hasRoom)
        // What waits for the disk as well is another matter.
        let rest = Array(content(rig.store.files.layout, 0)[16_384...])
        #expect(rig.store.assemble(PieceIndex(0), offset: 16_384, rest.span) == .completed)
        #expect(!rig.store.isIdle && !rig.store.hasRoom)
        while !rig.store.isIdle { _ = rig.events(1) }
        #expect(rig.store.hasRoom)
    }

    @Test("A wrong piece is forgotten, never written, and can come again")
    func wrong() throws {
        let rig = try StoreRig(files([40_000]))
        let piece = PieceIndex(0)
        var bytes = content(rig.store.files.layout, 0)
        bytes[77] ^= 1
        #expect(rig.assemble(0, bytes) == .completed)
        #expect(rig.events(1) == [.mismatched(piece)])
        #expect(!rig.store.has(piece) && rig.store.isIdle && rig.store.pendingBytes == 0)
        #expect(Scratch.names(rig.store.files.folder) == [])
        bytes[77] ^= 1
        rig.assemble(0, bytes)
        #expect(rig.events(2) == [.verified(piece), .written(piece)])
    }

    @Test("Many reads of one part are one read of the disk, and all are answered")
    func readsFromDisk() throws {
        let files = try files([600_000])
        for piece in 0..<UInt32(files.layout.pieceCount) {
            try files.write(PieceIndex(piece), content(files.layout, piece)[...])
        }
        let rig = try StoreRig(files, have: .full(pieceCount: files.layout.pieceCount))
        let bytes = content(files.layout, 5)
        #expect(rig.store.read(PieceIndex(5), offset: 0, length: 16_384, ticket: 10) == .later)
        #expect(rig.store.read(PieceIndex(5), offset: 16_384, length: 16_384, ticket: 11) == .later)
        #expect(rig.store.reads.count == 1)
        #expect(
            rig.events(2) == [.read(10, bytes[..<16_384]), .read(11, bytes[16_384...])])
        #expect(
            rig.store.read(PieceIndex(5), offset: 1, length: 2, ticket: 12) == .bytes(bytes[1..<3]))
        #expect(rig.store.read(PieceIndex(5), offset: 1, length: 32_768, ticket: 13) == .refused)
        #expect(rig.store.read(PieceIndex(99), offset: 0, length: 1, ticket: 13) == .refused)
        #expect(rig.store.read(PieceIndex(5), offset: -1, length: 1, ticket: 13) == .refused)
        #expect(rig.store.read(PieceIndex(5), offset: .max, length: 1, ticket: 13) == .refused)
        #expect(rig.store.read(PieceIndex(5), offset: 0, length: 0, ticket: 13) == .refused)
    }

    @Test("A read over the border of parts, and one of a file that is gone, are answered too")
    func oddReads() throws {
        let files = try files([65_536])
        for piece in 0..<UInt32(2) {
            try files.write(PieceIndex(piece), content(files.layout, piece)[...])
        }
        var settings = TorrentStoreSettings()
        settings.readAhead = 16_384
        settings.reads = 2
        let rig = try StoreRig(files, have: .full(pieceCount: 2), settings: settings)
        let bytes = content(files.layout, 0)
        #expect(rig.store.read(PieceIndex(0), offset: 16_000, length: 1000, ticket: 1) == .later)
        #expect(rig.events(1) == [.read(1, bytes[16_000..<17_000].rebased)])
        truncate("\(files.folder)/f0", 10)
        #expect(rig.store.read(PieceIndex(1), offset: 0, length: 100, ticket: 2) == .later)
        #expect(
            rig.events(1) == [.unreadable(2, .tooShort(path: "\(files.folder)/f0"))])
    }

    @Test("What can be sent of a file from the disk reaches over all pieces in a row")
    func runs() throws {
        let files = try files([100_000, 100_000])
        var have = Bitfield(pieceCount: files.layout.pieceCount)
        for piece in [0, 1, 2, 3, 5] { have.insert(PieceIndex(UInt32(piece))) }
        let rig = try StoreRig(files, have: have)
        let store = rig.store
        #expect(store.run(file: 0, from: 0, limit: .max) == .onDisk(count: 100_000))
        #expect(store.run(file: 0, from: 99_999, limit: 50) == .onDisk(count: 1))
        #expect(store.run(file: 0, from: 100_000, limit: 50) == .none)
        #expect(store.run(file: 1, from: 0, limit: 1 << 20) == .onDisk(count: 31_072))
        #expect(store.run(file: 1, from: 31_072, limit: 9) == .missing(PieceIndex(4)))
        #expect(store.run(file: 1, from: 64_000, limit: 9) == .onDisk(count: 9))
        #expect(store.run(file: 1, from: -1, limit: 9) == .none)
        #expect(store.run(file: 2, from: 0, limit: 9) == .none)
    }

    @Test("The cache keeps to its bytes")
    func cacheLimit() throws {
        var cache = ReadCache(limit: 1000)
        for n in 0..<500 {
            let key = ReadCache.Key(piece: PieceIndex(UInt32(n)), part: 0)
            cache.keep([UInt8](repeating: 0, count: 300), key)
            cache.keep([UInt8](repeating: 1, count: 300), key)
            #expect(cache.bytes <= 1000 && cache[key]?.first == 0)
        }
        #expect(cache[.init(piece: PieceIndex(496), part: 0)] == nil)
        #expect(cache[.init(piece: PieceIndex(497), part: 0)] != nil)
        cache.keep([UInt8](repeating: 0, count: 1001), .whole(PieceIndex(0)))
        #expect(cache[.whole(PieceIndex(0))] == nil && cache.bytes == 900)
    }

    @Test(
        "A full disk pauses, keeps what it did not take, and goes on when there is room",
        .enabled(if: SmallDisk.canBeMade))
    func diskFull() throws {
        let disk = try #require(SmallDisk(bytes: 98_304))
        let rig = try StoreRig(files([200_000], in: "\(disk.path)/down"))
        for piece in 0..<UInt32(4) { rig.assemble(piece, content(rig.store.files.layout, piece)) }
        var events = rig.events(4)
        while rig.store.fault == nil || events.filter(\.isVerified).count < 4 {
            events += rig.events(1)
        }
        let full = StorageError.diskFull(path: "\(disk.path)/down/f0")
        #expect(rig.store.fault == full && !rig.store.hasRoom)
        #expect(events.filter { $0 == .paused(full) }.count == 1)
        // Everything that is right can still be read.
        for piece in 0..<UInt32(4) {
            let all = content(rig.store.files.layout, piece)
            #expect(
                rig.store.read(PieceIndex(piece), offset: 0, length: 100, ticket: 0)
                    == .bytes(all[..<100]))
        }
        #expect(disk.remount(bytes: 1 << 20))
        rig.store.retry()
        while !rig.store.isIdle { _ = rig.events(1) }
        #expect(rig.store.fault == nil && rig.store.hasRoom)
        let bytes = (0..<UInt32(4)).flatMap { content(rig.store.files.layout, $0) }
        #expect(fileBytes("\(disk.path)/down/f0") == bytes)
    }

    @Test("A read-only disk is told as such", .enabled(if: SmallDisk.canBeMade))
    func readOnly() throws {
        let disk = try #require(SmallDisk(bytes: 1 << 20))
        let rig = try StoreRig(files([40_000], in: "\(disk.path)/down"))
        #expect(disk.remount(bytes: 1 << 20, readOnly: true))
        rig.assemble(0, content(rig.store.files.layout, 0))
        #expect(
            rig.events(2) == [
                .verified(PieceIndex(0)), .paused(.readOnly(path: "\(disk.path)/down/f0")),
            ])
        #expect(throws: StorageError.readOnly(path: "\(disk.path)/other")) {
            _ = try files([5], in: "\(disk.path)/other")
        }
    }

    @Test("What is whole on a read-only disk can be seeded", .enabled(if: SmallDisk.canBeMade))
    func seedsReadOnly() throws {
        let disk = try #require(SmallDisk(bytes: 1 << 20))
        try files([40_000, 0], in: "\(disk.path)/down").createEmptyFiles()
        #expect(disk.remount(bytes: 1 << 20, readOnly: true))
        try files([40_000, 0], in: "\(disk.path)/down").createEmptyFiles()
    }
}

extension StoreEvent {
    var isVerified: Bool { if case .verified = self { true } else { false } }
}

extension ArraySlice<UInt8> {
    /// The same bytes, counted from 0.
    var rebased: ArraySlice<UInt8> { Array(self)[...] }
}
