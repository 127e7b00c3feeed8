// Checking what is there, and remembering it.

import Glibc
import Pieces
import Primitives
import Synchronization
import Testing

@testable import Storage

@Suite("Going on with what is there", .timeLimit(.minutes(1))) struct ResumeTests {
    private let scratch: Scratch

    private let content32: Bytes32

    init() throws {
        scratch = try Scratch()
        content32 = try #require(Bytes32([UInt8](1...32)))
    }

    private func files(_ lengths: [Int64]) throws -> TorrentFiles {
        try TorrentFiles(
            folder: "\(scratch.path)/down", layout: layout(lengths),
            paths: lengths.indices.map { ["f\($0)"] })
    }

    private func fill(_ files: TorrentFiles) throws {
        for piece in 0..<UInt32(files.layout.pieceCount) {
            try files.write(PieceIndex(piece), content(files.layout, piece)[...])
        }
    }

    private func check(
        _ files: TorrentFiles, _ pieces: Bitfield? = nil, lot: Int = 1
    ) -> (CheckResult, [Int]) {
        let over = Semaphore()
        let steps = Mutex<[Int]>([])
        let result = Mutex<CheckResult?>(nil)
        _ = ContentCheck(
            files, pieces: pieces ?? .full(pieceCount: files.layout.pieceCount),
            lot: lot, check: rightCheck(files.layout),
            progress: { step in steps.withLock { $0.append(step.done) } },
            finished: { end in
                result.withLock { $0 = end }
                over.post()
            })
        over.wait()
        let none = CheckResult(right: Bitfield(pieceCount: 0), fault: nil, isPartial: true)
        return (result.withLock { $0 } ?? none, steps.withLock { $0 })
    }

    @Test("A check finds what is right, among what is wrong, short and absent", arguments: [1, 4])
    func checks(lot: Int) throws {
        let files = try files([65_536, 65_536, 65_536, 0])
        try fill(files)
        #expect(check(files, lot: lot).0.right.isFull)
        unlink("\(files.folder)/f1")
        truncate("\(files.folder)/f2", 40_000)
        let descriptor = open("\(files.folder)/f0", O_WRONLY)
        pwrite(descriptor, [contentByte(5) ^ 1], 1, 5)
        close(descriptor)
        let fresh = try self.files([65_536, 65_536, 65_536, 0])
        let (result, steps) = check(fresh, lot: lot)
        #expect(result.right.indices == [PieceIndex(1), PieceIndex(4)])
        #expect(result.fault == nil && !result.isPartial)
        #expect(steps.sorted() == [1, 2, 3, 4, 5, 6])
        var some = Bitfield(pieceCount: 6)
        some.insert(PieceIndex(4))
        #expect(check(fresh, some, lot: lot).0.right.indices == [PieceIndex(4)])
        #expect(check(fresh, Bitfield(pieceCount: 6)).0.right.isEmpty)
    }

    @Test("A check tells of what it must not read, and makes nothing")
    func checksLinks() throws {
        let files = try files([10, 10])
        symlink("/etc/passwd", "\(files.folder)/f0")
        let (result, _) = check(files)
        #expect(result.fault == .notOurs(path: "\(files.folder)/f0"))
        #expect(result.right.isEmpty)
        #expect(Scratch.names(files.folder) == ["f0"])
    }

    @Test("Many pieces make a hundred steps at most, and a cancelled check ends")
    func steps() throws {
        let files = try TorrentFiles(
            folder: scratch.path, layout: layout([30_000], pieceLength: 16), paths: [["a"]])
        let (result, steps) = check(files)
        #expect(!result.isPartial && (1...100).contains(steps.count))

        let over = Semaphore()
        let check = ContentCheck(
            files, pieces: .full(pieceCount: files.layout.pieceCount),
            check: { $0.map { _ in true } }, progress: { _ in }, finished: { _ in over.post() })
        check.cancel()
        over.wait()
    }

    @Test("What is saved is believed for files that are as they were, and for no others")
    func resumes() throws {
        let files = try files([40_000, 40_000, 40_000])
        try fill(files)
        let rig = try StoreRig(files, have: .full(pieceCount: files.layout.pieceCount))
        let path = "\(scratch.path)/resume"
        rig.store.save(path, content: content32)
        #expect(rig.events(1) == [.saved])
        let data = try ResumeData(decoding: try #require(fileBytes(path)))
        #expect(data.content == content32 && data.have.isFull)

        func judge(_ files: TorrentFiles) throws -> (have: [PieceIndex], doubtful: [PieceIndex]) {
            let verdict = data.judge(
                content: content32, layout: files.layout, now: try files.stamps())
            return (verdict.have.indices, verdict.doubtful.indices)
        }
        let untouched = try judge(try self.files([40_000, 40_000, 40_000]))
        #expect(untouched.have.count == 4 && untouched.doubtful.isEmpty)
        // The last file changes; the pieces that it shares with others are in doubt too.
        truncate("\(files.folder)/f2", 40_001)
        let touched = try judge(try self.files([40_000, 40_000, 40_000]))
        #expect(touched.have == [PieceIndex(0), PieceIndex(1)])
        #expect(touched.doubtful == [PieceIndex(2), PieceIndex(3)])
        unlink("\(files.folder)/f0")
        let gone = try judge(files)
        #expect(gone.have.isEmpty && gone.doubtful.count == 4)
        // Another torrent's state is worth nothing.
        let other = try layout([40_000, 40_000])
        let verdict = data.judge(content: content32, layout: other, now: [])
        #expect(verdict.have.isEmpty && verdict.doubtful.isFull)
        let foreign = data.judge(
            content: Bytes32(), layout: files.layout, now: try files.stamps())
        #expect(foreign.have.isEmpty && foreign.doubtful.isFull)
    }

    @Test("What was in a file that was taken away while it was in use is in doubt")
    func takenAway() throws {
        let files = try files([40_000, 40_000])
        try fill(files)
        let rig = try StoreRig(files, have: .full(pieceCount: files.layout.pieceCount))
        unlink("\(files.folder)/f1")
        let path = "\(scratch.path)/resume"
        rig.store.save(path, content: content32)
        #expect(rig.events(1) == [.saved])
        let data = try ResumeData(decoding: try #require(fileBytes(path)))
        let now = try self.files([40_000, 40_000]).stamps()
        let verdict = data.judge(content: content32, layout: files.layout, now: now)
        #expect(verdict.have.indices == [PieceIndex(0)])
        #expect(verdict.doubtful.indices == [PieceIndex(1), PieceIndex(2)])
    }

    @Test("A state that cannot be saved is told, and the old one stays")
    func notSaved() throws {
        let rig = try StoreRig(try files([40_000]))
        mkdir("\(scratch.path)/taken", 0o700)
        rig.store.save("\(scratch.path)/taken", content: content32)
        #expect(rig.events(1) == [.notSaved(.isAFolder(path: "\(scratch.path)/taken"))])
    }

    private var sample: ResumeData {
        var have = Bitfield(pieceCount: 13)
        have.insert(PieceIndex(2))
        have.insert(PieceIndex(12))
        return ResumeData(
            content: content32, pieceLength: 32_768, have: have,
            stamps: [.absent, FileStamp(length: 5, changed: 1_700_000_000_123_456_789)])
    }

    @Test("A state is read as it was written")
    func coding() throws {
        #expect(try ResumeData(decoding: sample.encoded) == sample)
        #expect(sample.encoded.count == 8 + 4 + 32 + 12 + 2 * 16 + 2 + 4)
    }

    @Test("A state remembers which files were chosen, also that none was")
    func choice() throws {
        for chosen in [[], [1], [0, 1]] as [Set<Int>] {
            let state = ResumeData(
                content: content32, pieceLength: 32_768, have: sample.have, stamps: sample.stamps,
                chosen: chosen)
            #expect(try ResumeData(decoding: state.encoded) == state)
            #expect(state.encoded.count == sample.encoded.count + 1)
        }
        // A number that no file has is not written.
        let beyond = ResumeData(
            content: content32, pieceLength: 32_768, have: sample.have, stamps: sample.stamps,
            chosen: [1, 2, 7])
        #expect(try ResumeData(decoding: beyond.encoded).chosen == [1])
    }

    @Test("A state with any byte changed, cut off or added is refused")
    func damaged() throws {
        let good = sample.encoded
        for at in good.indices {
            for bit in 0..<8 {
                var bad = good
                bad[at] ^= 1 << UInt8(bit)
                #expect(throws: StateFault.self) { _ = try ResumeData(decoding: bad) }
            }
            #expect(throws: StateFault.self) { _ = try ResumeData(decoding: Array(good[..<at])) }
        }
        #expect(throws: StateFault.self) { _ = try ResumeData(decoding: good + [0]) }
    }

    @Test("Numbers that promise more than there is are refused, with a right checksum too")
    func promises() throws {
        for (at, bytes) in [
            (8, [0, 0, 0, 2]), (44, [0, 0, 0, 0]), (48, [255, 255, 255, 255]),
            (52, [255, 255, 255, 255]), (48, [0, 0, 0, 12]), (52, [0, 0, 0, 1]),
        ] as [(Int, [UInt8])] {
            var bad = Array(sample.encoded.dropLast(4))
            bad.replaceSubrange(at..<at + 4, with: bytes)
            bad.append(bigEndian: crc32(bad[...]))
            #expect(throws: StateFault.field) { _ = try ResumeData(decoding: bad) }
        }
    }
}
