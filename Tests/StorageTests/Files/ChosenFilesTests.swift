// Files that nobody has chosen on a real disk: what comes of them lies apart, and is moved to its
// place when they are.

import Glibc
import Pieces
import Primitives
import Testing

@testable import Storage

@Suite("Files of a torrent that nobody has chosen") struct UnchosenFilesTests {
    private let scratch: Scratch
    private let lengths: [Int64] = [40_000, 40_000, 40_000, 0]
    private let content32: Bytes32

    init() throws {
        scratch = try Scratch()
        content32 = try #require(Bytes32([UInt8](1...32)))
    }

    private var folder: String { "\(scratch.path)/down" }

    private func open(_ chosen: Set<Int>?) throws -> TorrentFiles {
        try TorrentFiles(
            folder: folder, layout: layout(lengths),
            paths: [["t", "a"], ["t", "b"], ["t", "c"], ["t", "none"]],
            choice: FileChoice(chosen, apart: ".parts"))
    }

    private func fill(_ files: TorrentFiles, _ pieces: [UInt32]) throws {
        for piece in pieces {
            try files.write(PieceIndex(piece), content(files.layout, piece)[...])
        }
    }

    @Test("A piece over a border is kept whole, and no file is made that was not chosen")
    func borders() throws {
        let files = try open([0])
        try files.createEmptyFiles()
        try fill(files, [0, 1])
        #expect(Scratch.names(folder) == [".parts", "t"])
        #expect(Scratch.names("\(folder)/t") == ["a"])
        #expect(Scratch.names("\(folder)/.parts") == ["1"])
        let border = try files.read(PieceIndex(1), offset: 0, length: 32_768)
        #expect(border == content(files.layout, 1))
        // A next start finds it, by what was saved and by what is there.
        let again = try open([0])
        #expect(try again.stamps() == files.stamps())
        #expect(try again.read(PieceIndex(1), offset: 0, length: 32_768) == border)
    }

    @Test("A file that is chosen later is moved to its place with what came of it, as it was")
    func later() throws {
        let files = try open([0])
        try fill(files, [0, 1])
        let stamps = try files.stamps()
        let more = try open([0, 1])
        #expect(Scratch.names(folder) == ["t"])
        #expect(Scratch.names("\(folder)/t") == ["a", "b"])
        #expect(try more.stamps() == stamps)
        #expect(try more.read(PieceIndex(1), offset: 0, length: 32_768) == content(more.layout, 1))
    }

    @Test("What is apart is found where all are chosen, and the folder goes when it is empty")
    func all() throws {
        try fill(open([0]), [0, 1, 2])
        #expect(Scratch.names("\(folder)/.parts") == ["1", "2"])
        let whole = try open([0, 1])
        #expect(Scratch.names("\(folder)/.parts") == ["2"])
        _ = whole
        _ = try open(nil)
        #expect(Scratch.names(folder) == ["t"])
        #expect(Scratch.names("\(folder)/t") == ["a", "b", "c"])
    }

    @Test("A file that is there under its name stays there, chosen or not, and is not overwritten")
    func there() throws {
        try fill(open(nil), [0, 1, 2, 3])
        let files = try open([0])
        #expect(Scratch.names(folder) == ["t"])
        #expect(try files.read(PieceIndex(3), offset: 0, length: 100).count == 100)

        unlink("\(folder)/t/b")
        try fill(open([0]), [1])
        #expect(Scratch.names("\(folder)/.parts") == ["1"])
        let own = Glibc.open("\(folder)/t/b", O_WRONLY | O_CREAT, 0o644)
        #expect(own >= 0 && write(own, [1, 2, 3] as [UInt8], 3) == 3)
        close(own)
        _ = try open(nil)
        #expect(fileBytes("\(folder)/t/b") == [1, 2, 3])
        #expect(Scratch.names("\(folder)/.parts") == ["1"])
    }

    @Test(
        "On a disk that cannot be written to it stays apart, and is read there",
        .enabled(if: SmallDisk.canBeMade, "no file system can be mounted here"))
    func readOnly() throws {
        let disk = try #require(SmallDisk(bytes: 1 << 20))
        func open(_ chosen: Set<Int>?) throws -> TorrentFiles {
            try TorrentFiles(
                folder: disk.path, layout: layout(lengths), paths: [["a"], ["b"], ["c"], ["none"]],
                choice: FileChoice(chosen, apart: ".parts"))
        }
        try fill(open([0]), [0, 1])
        #expect(disk.remount(bytes: 1 << 20, readOnly: true))
        let files = try open(nil)
        let border = try files.read(PieceIndex(1), offset: 0, length: 32_768)
        #expect(border == content(files.layout, 1))
    }

    @Test("What is saved is believed after another choice")
    func resuming() throws {
        let files = try open([0])
        try fill(files, [0, 1])
        var have = Bitfield(pieceCount: 4)
        for piece in [0, 1] as [UInt32] { have.insert(PieceIndex(piece)) }
        let state = try ResumeData(content: content32, have: have, files: files)
        #expect(state.chosen == [0])
        let verdict = state.judge(
            content: content32, layout: files.layout, now: try open(nil).stamps())
        #expect(verdict.have == have && verdict.doubtful.isEmpty)
    }
}
