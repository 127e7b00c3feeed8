// A torrent's content for tests, and a small disk where the system lets us make one.

import Glibc
import Pieces
import Primitives
import Synchronization
import Testing

@testable import Storage

/// The byte at `position` of the content end to end.
func contentByte(_ position: Int) -> UInt8 { UInt8(truncatingIfNeeded: (position &* 40_503) >> 7) }

/// The right bytes of a piece in a layout without alignment.
func content(_ layout: FileLayout, _ piece: UInt32) -> [UInt8] {
    let length = layout.length(ofPiece: PieceIndex(piece)) ?? 0
    let start = Int(piece) * layout.pieceLength
    return (start..<start + length).map(contentByte)
}

/// A check that knows the right bytes, for a layout without padding.
func rightCheck(_ layout: FileLayout) -> TorrentStore.Check {
    { $0.map { $0.bytes == content(layout, $0.piece.value) } }
}

func layout(_ lengths: [Int64], pieceLength: Int = 32_768) throws -> FileLayout {
    try #require(FileLayout(fileLengths: lengths, pieceLength: pieceLength))
}

/// All bytes of a file.
func fileBytes(_ path: String) -> [UInt8]? {
    let descriptor = open(path, O_RDONLY)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var out: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while true {
        let count = read(descriptor, &buffer, buffer.count)
        guard count > 0 else { return out }
        out += buffer[..<count]
    }
}

/// A store, and what it says.
final class StoreRig {
    let store: TorrentStore
    private let notified = Semaphore()

    init(
        _ files: TorrentFiles, have: Bitfield? = nil,
        settings: TorrentStoreSettings = TorrentStoreSettings(), check: TorrentStore.Check? = nil
    ) throws {
        let notified = notified
        store = try TorrentStore(
            files: files, written: have ?? Bitfield(pieceCount: files.layout.pieceCount),
            settings: settings, check: check ?? rightCheck(files.layout),
            notify: { notified.post() })
    }

    /// The next `count` events.
    func events(_ count: Int) -> [StoreEvent] {
        var out: [StoreEvent] = []
        while out.count < count {
            notified.wait()
            out += store.take()
        }
        return out
    }

    /// Hands a piece in, block by block, and answers what became of the last.
    @discardableResult
    func assemble(_ piece: UInt32, _ bytes: [UInt8], at now: Instant? = nil) -> Assembly? {
        var last: Assembly?
        for start in stride(from: 0, to: bytes.count, by: 16_384) {
            let block = Array(bytes[start..<min(start + 16_384, bytes.count)])
            last = store.assemble(PieceIndex(piece), offset: start, block.span, at: now)
        }
        return last
    }
}

/// A file system of its own of a given size, in memory.
final class SmallDisk {
    let path: String

    static let canBeMade = SmallDisk(bytes: 65_536) != nil

    init?(bytes: Int) {
        path = "/tmp/p2ptv-disk-\(getpid())-\(UInt64.random(in: 0...UInt64.max))"
        guard mkdir(path, 0o700) == 0 else { return nil }
        guard mount("p2ptv", path, "tmpfs", 0, "size=\(bytes)") == 0 else {
            rmdir(path)
            return nil
        }
    }

    func remount(bytes: Int, readOnly: Bool = false) -> Bool {
        let flags = UInt(MS_REMOUNT) | (readOnly ? UInt(MS_RDONLY) : 0)
        return mount("p2ptv", path, "tmpfs", flags, "size=\(bytes)") == 0
    }

    deinit {
        umount2(path, Int32(MNT_DETACH))
        rmdir(path)
    }
}
