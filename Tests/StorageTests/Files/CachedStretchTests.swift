// Parts of pieces that the kernel sends from the files that it has in memory.

import CLinux
import Glibc
import Pieces
import Testing

@testable import Storage

/// Whether the system tells what it has in memory of files in /tmp: Linux 6.5, and not on overlays.
private let tellsPages: Bool = {
    var name = Array("/tmp/p2ptv-storage-XXXXXX".utf8CString)
    let descriptor = mkstemp(&name)
    unlink(name)
    defer { close(descriptor) }
    let bytes = [UInt8](repeating: 1, count: 65_536)
    guard write(descriptor, bytes, bytes.count) == bytes.count else { return false }
    return linux_cached_pages(descriptor, 0, bytes.count) > 0
}()

@Suite("What is sent from files", .enabled(if: tellsPages), .timeLimit(.minutes(1)))
struct CachedStretchTests {
    private let scratch: Scratch

    init() throws { scratch = try Scratch() }

    /// A store of pieces of 128 KiB that have been written, and so are in memory.
    private func seed(_ lengths: [Int64], have: [UInt32]? = nil) throws -> StoreRig {
        let files = try TorrentFiles(
            folder: "\(scratch.path)/down", layout: layout(lengths, pieceLength: 131_072),
            paths: lengths.indices.map { ["f\($0)"] })
        let count = files.layout.pieceCount
        for piece in 0..<UInt32(count) {
            try files.write(PieceIndex(piece), content(files.layout, piece)[...])
        }
        // Opened for reading: of what is not nothing is known.
        for piece in 0..<UInt32(count) {
            _ = try files.read(PieceIndex(piece), offset: 0, length: 1)
        }
        var settings = TorrentStoreSettings()
        (settings.stretchBytes, settings.stretchLength) = (131_072, 65_536)
        settings.sendsFromFiles = true
        var there = Bitfield(pieceCount: count)
        for piece in have ?? Array(0..<UInt32(count)) { there.insert(PieceIndex(piece)) }
        return try StoreRig(files, have: there, settings: settings)
    }

    private func bytes(_ part: StoredPart) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: part.count) { buffer, count in
            count = max(
                0, pread(part.descriptor, buffer.baseAddress, part.count, off_t(part.offset)))
        }
    }

    /// The blocks of `piece` that are sent from files, in order, and whether they are right.
    private func sent(_ rig: StoreRig, _ piece: UInt32) -> (parts: [StoredPart], areRight: Bool) {
        let whole = content(rig.store.files.layout, piece)
        var (parts, areRight): ([StoredPart], Bool) = ([], true)
        for offset in stride(from: 0, to: whole.count, by: 16_384) {
            let length = min(16_384, whole.count - offset)
            let read = rig.store.read(
                PieceIndex(piece), offset: offset, length: length, ticket: 1)
            guard case .inFile(let part) = read else { continue }
            parts.append(part)
            areRight = areRight && bytes(part).elementsEqual(whole[offset..<offset + length])
        }
        return (parts, areRight)
    }

    @Test("Every block of a piece in one file is, and none that lies in two")
    func blocks() throws {
        //  file 0: piece 0, and 96 KiB of piece 1 │ file 1: the rest of it, and half of piece 2
        let rig = try seed([131_072 + 98_304, 32_768 + 65_536])
        let first = sent(rig, 0)
        #expect(first.parts.count == 8 && first.areRight)
        #expect(first.parts.map(\.offset) == (0..<8).map { $0 * 16_384 })
        // Stretches of 64 KiB: the second one of piece 1 has its end in the other file.
        let second = sent(rig, 1)
        #expect(second.parts.count == 4 && second.areRight)
        let third = sent(rig, 2)
        #expect(third.parts.count == 4 && third.areRight)
        #expect(third.parts.map(\.offset) == (0..<4).map { 32_768 + $0 * 16_384 })
    }

    @Test("A part is kept open by who sends it")
    func keptOpen() throws {
        let rig = try seed([131_072])
        let read = rig.store.read(PieceIndex(0), offset: 16_384, length: 16_384, ticket: 1)
        guard case .inFile(let part) = read else {
            Issue.record("not sent from its file")
            return
        }
        rig.store.files.close()
        #expect(bytes(part).elementsEqual(content(rig.store.files.layout, 0)[16_384..<32_768]))
    }

    @Test("Nothing is while a piece is to be written, nor less than a block")
    func notNow() throws {
        let rig = try seed([131_072, 131_072], have: [0])
        #expect(sent(rig, 0).parts.count == 8)
        rig.assemble(1, content(rig.store.files.layout, 1))
        let block = rig.store.read(PieceIndex(0), offset: 0, length: 16_384, ticket: 2)
        if case .inFile = block { Issue.record("sent from a file that is being written") }
        #expect(rig.events(2) == [.verified(PieceIndex(1)), .written(PieceIndex(1))])
        let few = rig.store.read(PieceIndex(0), offset: 5, length: 1, ticket: 3)
        if case .inFile = few { Issue.record("a byte alone is sent from its file") }
    }

    @Test("Files that are small are read, as each on its way would be open")
    func small() throws {
        let rig = try seed([49_152])
        #expect(sent(rig, 0).parts.isEmpty)
    }

    @Test("Of a file that has become shorter nothing is said to be there")
    func short() throws {
        let rig = try seed([131_072])
        let path = "\(scratch.path)/down/f0"
        #expect(truncate(path, 70_000) == 0)
        let first = rig.store.read(PieceIndex(0), offset: 0, length: 16_384, ticket: 6)
        guard case .inFile = first else {
            Issue.record("what is left is not sent from its file")
            return
        }
        let read = rig.store.read(PieceIndex(0), offset: 65_536, length: 16_384, ticket: 7)
        try #require(read == .later)
        #expect(rig.events(1) == [.unreadable(7, .tooShort(path: path))])
    }
}
