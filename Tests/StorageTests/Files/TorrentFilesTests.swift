// Files of torrents on a real disk: where bytes go, and where they never go.

import Glibc
import Pieces
import Testing

@testable import Storage

@Suite("The files of a torrent") struct TorrentFilesTests {
    private let scratch: Scratch

    init() throws { scratch = try Scratch() }

    private func files(_ lengths: [Int64], _ paths: [[String]]) throws -> TorrentFiles {
        try TorrentFiles(folder: "\(scratch.path)/down", layout: layout(lengths), paths: paths)
    }

    @Test("A piece over three files is written and read as one, and files are made only then")
    func acrossFiles() throws {
        let files = try files(
            [30_000, 0, 1000, 40_000], [["a"], ["empty"], ["d", "e", "b"], ["d", "c"]])
        #expect(Scratch.names(files.folder) == [])
        let first = content(files.layout, 0)
        try files.write(PieceIndex(0), first[...])
        #expect(Scratch.names(files.folder) == ["a", "d"])
        #expect(try files.read(PieceIndex(0), offset: 0, length: first.count) == first)
        #expect(fileBytes("\(files.folder)/d/e/b") == Array(first[30_000..<31_000]))
        #expect(fileBytes("\(files.folder)/d/c") == Array(first[31_000...]))

        let last = content(files.layout, 2)
        try files.write(PieceIndex(2), offset: 0, last[...])
        #expect(try files.read(PieceIndex(2), offset: 5, length: 90) == Array(last[5..<95]))
        #expect(throws: Never.self) { try files.createEmptyFiles() }
        #expect(Scratch.names(files.folder) == ["a", "d", "empty"])
        try files.sync()
    }

    @Test("A file is sparse: what was not written takes no room")
    func sparse() throws {
        let files = try files([1 << 30], [["big"]])
        let last = PieceIndex(UInt32(files.layout.pieceCount - 1))
        try files.write(last, [UInt8](repeating: 1, count: 32_768)[...])
        var status = stat()
        stat("\(files.folder)/big", &status)
        #expect(status.st_size == 1 << 30)
        #expect(status.st_blocks * 512 < 1 << 20)
    }

    @Test("Padding is neither made nor read, and is zeros")
    func padding() throws {
        let padded = try #require(
            FileLayout(
                files: [
                    .init(length: 10), .init(length: 6, isPadding: true), .init(length: 16),
                ], pieceLength: 16))
        let files = try TorrentFiles(
            folder: scratch.path, layout: padded, paths: [["a"], [".pad", "6"], ["b"]])
        let piece = [UInt8](1...16)
        try files.write(PieceIndex(0), piece[...])
        #expect(Scratch.names(scratch.path) == ["a"])
        #expect(
            try files.read(PieceIndex(0), offset: 0, length: 16)
                == Array(1...10) + [0, 0, 0, 0, 0, 0])
    }

    @Test("What is not there, or ends too early, is told by its path")
    func missing() throws {
        let files = try files([40_000], [["d", "a"]])
        #expect(throws: StorageError.tooShort(path: "\(files.folder)/d")) {
            _ = try files.read(PieceIndex(0), offset: 0, length: 1)
        }
        try files.write(PieceIndex(0), content(files.layout, 0)[...])
        #expect(throws: StorageError.self) {
            _ = try files.read(PieceIndex(1), offset: 0, length: 1)
        }
        truncate("\(files.folder)/d/a", 100)
        #expect(throws: StorageError.self) {
            _ = try files.read(PieceIndex(0), offset: 0, length: 101)
        }
        #expect(try files.read(PieceIndex(0), offset: 0, length: 100).count == 100)
    }

    @Test(
        "A name that leads elsewhere is refused before anything is made",
        arguments: [
            [[]], [[""]], [["."]], [[".."]], [["a", "..", "b"]], [["/etc/passwd"]], [["a/b"]],
            [["a\0b"]], [["a", ""]], [[String(repeating: "x", count: 256)]],
        ] as [[[String]]])
    func names(_ paths: [[String]]) throws {
        let folder = "\(scratch.path)/none"
        let one = try layout([5])
        #expect(throws: StorageError.badName(path: paths[0].joined(separator: "/"))) {
            _ = try TorrentFiles(folder: folder, layout: one, paths: paths)
        }
        #expect(access(folder, F_OK) != 0)
    }

    @Test("Two files of one name are refused")
    func twins() throws {
        let two = try layout([5, 5])
        #expect(throws: StorageError.badName(path: "d/a")) {
            _ = try TorrentFiles(
                folder: scratch.path, layout: two, paths: [["d", "a"], ["d", "a"]])
        }
    }

    @Test("No link is followed, wherever it stands, and what it names stays as it was")
    func links() throws {
        let outside = "\(scratch.path)/outside"
        mkdir(outside, 0o700)
        try AtomicFile.write("\(outside)/secret", [7])
        let files = try files([5, 5, 5], [["link"], ["dir", "secret"], ["a", "b", "c"]])
        symlink("\(outside)/secret", "\(files.folder)/link")
        symlink(outside, "\(files.folder)/dir")
        mkdir("\(files.folder)/a", 0o700)
        symlink("../../outside", "\(files.folder)/a/b")
        for file in 0..<3 {
            let start = file * 5
            #expect(throws: StorageError.self) {
                try files.write(PieceIndex(0), offset: start, [1, 2, 3, 4, 5][...])
            }
            #expect(throws: StorageError.self) {
                _ = try files.read(PieceIndex(0), offset: start, length: 1)
            }
            #expect(throws: StorageError.self) { _ = try files.descriptor(of: file) }
        }
        #expect(fileBytes("\(outside)/secret") == [7])
        #expect(Scratch.names(outside) == ["secret"])
        // A link to nothing is not a way to make something.
        symlink("\(outside)/new", "\(files.folder)/a/c")
        let other = try TorrentFiles(
            folder: files.folder, layout: layout([5]), paths: [["a", "c"]])
        #expect(throws: StorageError.notOurs(path: "\(files.folder)/a/c")) {
            try other.write(PieceIndex(0), [1, 2, 3, 4, 5][...])
        }
        #expect(Scratch.names(outside) == ["secret"])
    }

    @Test("A pipe, a device and a folder in the place of a file are refused, and block nobody")
    func specials() throws {
        let files = try files([5, 5], [["pipe"], ["folder"]])
        mkfifo("\(files.folder)/pipe", 0o600)
        mkdir("\(files.folder)/folder", 0o700)
        #expect(throws: StorageError.notOurs(path: "\(files.folder)/pipe")) {
            try files.write(PieceIndex(0), offset: 0, [1][...])
        }
        #expect(throws: StorageError.notOurs(path: "\(files.folder)/pipe")) {
            _ = try files.read(PieceIndex(0), offset: 0, length: 1)
        }
        #expect(throws: StorageError.isAFolder(path: "\(files.folder)/folder")) {
            try files.write(PieceIndex(0), offset: 5, [1][...])
        }
    }

    @Test("A file in the place of a folder is told")
    func fileForFolder() throws {
        let files = try files([5], [["a", "b"]])
        try AtomicFile.write("\(files.folder)/a", [1])
        #expect(throws: StorageError.notAFolder(path: "\(files.folder)/a")) {
            try files.write(PieceIndex(0), [1, 2, 3, 4, 5][...])
        }
        #expect(fileBytes("\(files.folder)/a") == [1])
    }

    @Test("Many files take few descriptors")
    func descriptors() throws {
        let count = 300
        let files = try files(
            Array(repeating: 10, count: count), (0..<count).map { ["f\($0)"] })
        for n in 0..<count {
            try files.write(PieceIndex(0), offset: n * 10, [UInt8](repeating: 1, count: 10)[...])
        }
        #expect(Scratch.names("/proc/self/fd").count < 250)
        #expect(try files.read(PieceIndex(0), offset: 0, length: 3000).allSatisfy { $0 == 1 })
        try files.sync()
        files.close()
    }

    @Test("A longer file than the torrent's is left as it is")
    func longer() throws {
        let files = try files([5], [["a"]])
        try AtomicFile.write("\(files.folder)/a", Array(1...9))
        try files.write(PieceIndex(0), [0, 0, 0, 0, 0][...])
        #expect(fileBytes("\(files.folder)/a") == [0, 0, 0, 0, 0, 6, 7, 8, 9])
    }
}
