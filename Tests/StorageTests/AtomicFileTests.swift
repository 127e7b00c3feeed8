import Glibc
import Testing

@testable import Storage

@Suite("An atomic write")
struct AtomicFileTests {
    private let scratch: Scratch

    init() throws { scratch = try Scratch() }

    private func read(_ path: String) throws -> [UInt8] {
        let folder = try Descriptor(folder: scratch.path)
        return try Descriptor(path, in: folder, O_RDONLY).read(limit: 1 << 20)
    }

    @Test("creates and replaces a file whole, with the mode asked for, and leaves nothing else")
    func replaces() throws {
        let path = "\(scratch.path)/channel.torrent"
        for bytes in [[1, 2, 3], [], [UInt8](repeating: 9, count: 300_000)] {
            try AtomicFile.write(path, bytes, mode: 0o664)
            #expect(try read("channel.torrent") == bytes)
        }
        var status = stat()
        stat(path, &status)
        #expect(status.st_mode & 0o777 == 0o664)
        #expect(Scratch.names(scratch.path) == ["channel.torrent"])
    }

    @Test("that fails leaves the folder as it was")
    func fails() throws {
        let path = "\(scratch.path)/taken"
        mkdir(path, 0o700)
        #expect(throws: StorageError.isAFolder(path: path)) { try AtomicFile.write(path, [1]) }
        #expect(throws: StorageError.self) { try AtomicFile.write("\(path)/", [1]) }
        #expect(throws: StorageError.self) { try AtomicFile.write("\(path)/..", [1]) }
        #expect(Scratch.names(scratch.path) == ["taken"])
        #expect(Scratch.names(path) == [])
        #expect(
            throws: StorageError.system(path: "/nowhere/at", operation: "open", errno: ENOENT)
        ) { try AtomicFile.write("/nowhere/at/all", [1]) }
    }

    @Test("steps over what a killed process left behind")
    func leftovers() throws {
        let left = "\(scratch.path)/.f.\(getpid()).0"
        close(open(left, O_CREAT | O_WRONLY, 0o600))
        try AtomicFile.write("\(scratch.path)/f", [1])
        #expect(try read("f") == [1])
    }

    @Test("takes names as long as the file system does, and none longer")
    func longNames() throws {
        let name = String(repeating: "ä", count: 127) + "x"
        try AtomicFile.write("\(scratch.path)/\(name)", [1])
        #expect(Scratch.names(scratch.path) == [name])
        #expect(throws: StorageError.self) {
            try AtomicFile.write("\(scratch.path)/\(name)y", [1])
        }
        #expect(Scratch.names(scratch.path) == [name])
    }

    @Test("does not take the place of a pipe or a device")
    func notAFile() throws {
        let pipe = "\(scratch.path)/pipe"
        #expect(mkfifo(pipe, 0o600) == 0)
        #expect(throws: StorageError.exists(path: pipe)) { try AtomicFile.write(pipe, [1]) }
        #expect(Scratch.names(scratch.path) == ["pipe"])
    }

    @Test("to a full disk says so")
    func full() throws {
        let devices = try Descriptor(folder: "/dev")
        let device = try Descriptor("full", in: devices, O_WRONLY)
        #expect(throws: StorageError.diskFull(path: "/dev/full")) { try device.write([1]) }
    }
}
