import Glibc
import Pieces
import Primitives
import Testing

@testable import Storage

/// A folder for one test, removed with all that is in it.
final class Scratch {
    let path: String

    init() throws {
        var template = Array("/tmp/p2ptv-storage-XXXXXX".utf8CString)
        path = try #require(mkdtemp(&template).map { String(cString: $0) })
    }

    deinit { remove(path) }

    private func remove(_ path: String) {
        var there = stat()
        // A link to a folder is removed, and not what is in the folder.
        if lstat(path, &there) == 0, there.st_mode & S_IFMT == S_IFDIR {
            for name in Self.names(path) { remove("\(path)/\(name)") }
        }
        if rmdir(path) != 0 { unlink(path) }
    }

    static func names(_ path: String) -> [String] {
        guard let folder = opendir(path) else { return [] }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }
}

func makeState(next: UInt32 = 4711, isClean: Bool = false) throws -> ChannelState {
    let geometry = try #require(PieceGeometry(pieceLength: 65_536))
    let digest = try #require(Bytes32((0..<32).map { UInt8($0) }))
    return try #require(
        ChannelState(
            epoch: 0x0123_4567_89ab_cdef, name: "Kanal Zwölf", geometry: geometry,
            next: PieceIndex(next), last: SHA256Digest(digest), isClean: isClean))
}

private func mode(_ path: String) -> UInt32 {
    var status = stat()
    return stat(path, &status) == 0 ? status.st_mode & 0o7777 : 0
}

@Suite("The broadcaster's state folder")
struct BroadcastFolderTests {
    private let scratch: Scratch
    private var path: String { "\(scratch.path)/a/b" }

    init() throws { scratch = try Scratch() }

    @Test("is created for its owner alone, is empty at first, and gives back what was written")
    func roundTrip() throws {
        do {
            let folder = try BroadcastFolder(path: path)
            #expect(mode(path) == 0o700)
            #expect(try folder.key() == nil)
            #expect(try folder.state() == nil)
            try folder.create(key: Array("the key".utf8))
            try folder.write(makeState(next: 1))
            try folder.write(makeState(next: 2))
        }
        let again = try BroadcastFolder(path: path + "/")
        #expect(try again.key() == Array("the key".utf8))
        #expect(try again.state() == makeState(next: 2))
        #expect(mode(path + "/key.pem") == 0o600)
        #expect(Scratch.names(path) == ["key.pem", "lock", "state"])
    }

    @Test("never replaces a key")
    func keyOnce() throws {
        let folder = try BroadcastFolder(path: path)
        try folder.create(key: [1])
        #expect(throws: StorageError.exists(path: "\(path)/key.pem")) {
            try folder.create(key: [2])
        }
        #expect(try folder.key() == [1])
        #expect(Scratch.names(path) == ["key.pem", "lock"])
    }

    @Test("refuses a key that others can read or write", arguments: [0o640, 0o604, 0o620, 0o666])
    func exposedKey(bits: UInt32) throws {
        let folder = try BroadcastFolder(path: path)
        try folder.create(key: [1])
        chmod("\(path)/key.pem", bits)
        #expect(throws: StorageError.keyExposed(path: "\(path)/key.pem", mode: bits)) {
            try folder.key()
        }
    }

    @Test("serves one broadcaster at a time and tells the other who has it")
    func lock() throws {
        let holder = try BroadcastFolder(path: path)
        for _ in 0..<2 {
            #expect(throws: StorageError.inUse(path: path, pid: getpid())) {
                _ = try BroadcastFolder(path: path)
            }
        }
        withExtendedLifetime(holder) {}
    }

    @Test("is free again once its broadcaster has gone")
    func unlock() throws {
        do { _ = try BroadcastFolder(path: path) }
        _ = try BroadcastFolder(path: path)
    }

    @Test("tells what is in the way: a file, a missing right")
    func obstacles() throws {
        try AtomicFile.write("\(scratch.path)/file", [1])
        #expect(throws: StorageError.notAFolder(path: "\(scratch.path)/file")) {
            _ = try BroadcastFolder(path: "\(scratch.path)/file")
        }
        #expect(throws: StorageError.notAFolder(path: "\(scratch.path)/file/below")) {
            _ = try BroadcastFolder(path: "\(scratch.path)/file/below")
        }
        #expect(StorageError(EROFS, "mkdir", "/x") == .readOnly(path: "/x"))
        #expect(StorageError(EACCES, "open", "/x") == .notPermitted(path: "/x"))
        #expect(StorageError(EDQUOT, "write", "/x") == .diskFull(path: "/x"))
    }

    @Test("reports files that are no files, and such as are too long, without reading them whole")
    func strangeFiles() throws {
        let folder = try BroadcastFolder(path: path)
        mkfifo("\(path)/state", 0o600)
        #expect(throws: StorageError.corrupt(path: "\(path)/state", .notAFile)) {
            try folder.state()
        }
        unlink("\(path)/state")
        // A hole of a tebibyte: reading it whole would never end.
        try AtomicFile.write("\(path)/state", [])
        truncate("\(path)/state", 1 << 40)
        #expect(throws: StorageError.corrupt(path: "\(path)/state", .tooLong)) {
            try folder.state()
        }
        symlink("/dev/zero", "\(path)/key.pem")
        #expect(throws: StorageError.self) { try folder.key() }
    }
}

@Suite("The encoded state")
struct ChannelStateTests {
    @Test("has the form that its file describes")
    func form() throws {
        let bytes = try makeState(next: 258, isClean: true).encoded
        let name = Array("Kanal Zwölf".utf8)
        var expected = Array("p2ptv st".utf8) + [0, 0, 0, 1]
        expected += [0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef]
        expected += [0, 1, 0, 0] + [0, 0, 1, 2] + [1] + (0..<32).map { UInt8($0) }
        expected += [0, UInt8(name.count)] + name
        #expect(Array(bytes.dropLast(4)) == expected)
        #expect(crc32(Array("123456789".utf8)[...]) == 0xcbf4_3926)
    }

    @Test("is refused when cut anywhere or when any bit of it changes")
    func damage() throws {
        let bytes = try makeState().encoded
        #expect(try ChannelState(decoding: bytes) == makeState())
        for count in 0..<bytes.count {
            #expect(throws: StateFault.self) {
                try ChannelState(decoding: Array(bytes[..<count]))
            }
        }
        for bit in 0..<bytes.count * 8 {
            var damaged = bytes
            damaged[bit / 8] ^= 1 << (bit % 8)
            #expect(throws: StateFault.self) { try ChannelState(decoding: damaged) }
        }
        #expect(throws: StateFault.tooLong) {
            try ChannelState(decoding: [UInt8](repeating: 0, count: 1000))
        }
    }

    @Test("with a checksum that fits is still held to what its fields can hold")
    func forgedFields() throws {
        let bytes = Array(try makeState().encoded.dropLast(4))
        func decode(_ offset: Int, _ value: [UInt8], drop: Int = 0) throws -> ChannelState {
            var forged = Array(bytes.dropLast(drop))
            forged.replaceSubrange(offset..<offset + value.count, with: value)
            forged.append(bigEndian: crc32(forged[...]))
            return try ChannelState(decoding: forged)
        }
        #expect(throws: StateFault.version(2)) { try decode(8, [0, 0, 0, 2]) }
        #expect(throws: StateFault.field) { try decode(20, [0, 0, 0x40, 1]) }
        #expect(throws: StateFault.field) { try decode(20, [0xff, 0, 0, 0]) }
        #expect(throws: StateFault.field) { try decode(28, [2]) }
        #expect(throws: StateFault.field) { try decode(28, [0x7f]) }
        #expect(throws: StateFault.truncated) { try decode(61, [0xff, 0xff]) }
        #expect(throws: StateFault.field) { try decode(61, [0, 0]) }
        #expect(throws: StateFault.field) { try decode(63, [0xff]) }
        #expect(throws: StateFault.truncated) { try decode(8, [0, 0, 0, 1], drop: 3) }
    }

    @Test("goes on with the chain after an orderly end and begins a new segment after a kill")
    func chain() throws {
        let clean = try makeState(next: 7, isClean: true)
        #expect(clean.first == PieceIndex(7))
        #expect(clean.previous == clean.last)
        let killed = try makeState(next: 7, isClean: false)
        #expect(killed.first == PieceIndex(8))
        #expect(killed.previous == SHA256Digest(Bytes32()))
    }

    @Test("stays private, whether it ended in order or not", arguments: [true, false])
    func isPrivate(isClean: Bool) throws {
        let state = try #require(
            ChannelState(
                epoch: 1, name: "news", geometry: makeState().geometry, isClean: isClean,
                isPrivate: true))
        #expect(state.encoded[28] == (isClean ? 0x81 : 0x80))
        #expect(try ChannelState(decoding: state.encoded) == state)
        #expect(try !makeState(isClean: isClean).isPrivate)
    }

    @Test("has a name of 1 to 255 bytes")
    func names() throws {
        let geometry = try #require(PieceGeometry(pieceLength: 16_384))
        for (count, isTaken) in [(0, false), (1, true), (255, true), (256, false)] {
            let name = String(repeating: "n", count: count)
            let state = ChannelState(epoch: 1, name: name, geometry: geometry)
            #expect((state != nil) == isTaken)
            if let state { #expect(try ChannelState(decoding: state.encoded) == state) }
        }
    }
}
