// The content of one torrent as the loop sees it: pieces come in as blocks, are checked and
// written by threads, and go out as blocks or as stretches of files. Nothing here blocks. Which
// pieces to get, and whom to give them, is for others.
//
//     block ─▶ assembling ─whole─▶ pending ─right─▶ readable ─▶ written
//                   ▲                 └─wrong─▶ gone     └─disk full─▶ kept until `retry`
//                   └────────────────────┘

package import Pieces

/// How much is held in memory, and by how many threads the disk is used.
package struct TorrentStoreSettings: Hashable, Sendable {
    /// Threads that check, write and read: a disk serves several at a time better than one.
    package var threads = 4
    /// Bytes that may be assembled or wait for the disk before `hasRoom` says no.
    ///
    /// A second of a disk that writes 64 MiB/s; a single piece may be more.
    package var pendingBytes = 67_108_864
    /// Bytes of what was lately read or written: some seconds of what is passed on.
    package var cacheBytes = 33_554_432
    /// Bytes that are read at a time: with 16 blocks the way to a thread and back costs each of
    /// them a microsecond.
    package var readAhead = 262_144
    /// Bytes of files that are mapped into memory for peers, and how many at a time.
    ///
    /// A MiB is 64 blocks; what is mapped counts as memory of this process. Without any, what
    /// peers ask for is read.
    package var mappedBytes = 0
    package var mapLength = 1_048_576
    /// Reads under way before others are refused: memory, and the patience of those who wait.
    package var reads = 256

    /// The defaults.
    package init() {}
}

/// The caller's own number of a read.
package typealias ReadTicket = UInt64

/// What has happened in a store.
package enum StoreEvent: Equatable, Sendable {
    /// A piece is right: it can be read, and passed on.
    case verified(PieceIndex)
    /// A piece is wrong and forgotten.
    case mismatched(PieceIndex)
    /// A piece is in its files.
    case written(PieceIndex)
    /// The disk takes nothing more; what it did not take is kept in memory until `retry`.
    case paused(StorageError)
    /// The bytes that were to come later, where they lie in memory of the system's.
    case mapped(ReadTicket, MappedBytes)
    /// The bytes that were to come later.
    case read(ReadTicket, ArraySlice<UInt8>)
    /// The bytes that were to come later will not.
    case unreadable(ReadTicket, StorageError)
    /// The state for the next start is on disk.
    case saved
    /// The state for the next start could not be kept.
    case notSaved(StorageError)
}

/// The answer to a read.
package enum StoreRead: Equatable, Sendable {
    /// The bytes, shared and not copied.
    case bytes(ArraySlice<UInt8>)
    /// The bytes, where they lie in memory of the system's.
    case mapped(MappedBytes)
    /// An event will bring them.
    case later
    /// They are not there, or there is no such part, or too many reads are under way.
    case refused
}

/// Pieces of a torrent, in memory and on disk.
///
/// It belongs to one thread, the loop's. When `notify` is called, on another thread, call `take`
/// there and act on the events.
package final class TorrentStore {
    /// Whether the bytes of a piece are right; called on several threads at a time.
    package typealias Check = @Sendable (PieceIndex, [UInt8]) -> Bool

    enum Report: Sendable {
        case checked(PieceIndex, Bool)
        case wrote(PieceIndex, StorageError?)
        case read(ReadCache.Key, Result<[UInt8], StorageError>)
        case mapped(MapCache.Key, MappedFile?)
        case saved(StorageError?)
    }

    struct Pending {
        let bytes: [UInt8]
        var isRight: Bool
        var hasFailed = false
    }

    struct Waiting {
        let ticket: ReadTicket
        let range: Range<Int>
    }

    /// The files.
    package let files: TorrentFiles
    /// The pieces that are whole, right and in their files.
    package internal(set) var written: Bitfield
    /// Why the disk takes nothing more, as long as it does not.
    package internal(set) var fault: StorageError?
    let settings: TorrentStoreSettings
    let queue: DiskQueue<Report>
    let check: Check
    var assembling: [PieceIndex: BlockAssembly] = [:]
    var pending: [PieceIndex: Pending] = [:]
    var cache: ReadCache
    var reads: [ReadCache.Key: [Waiting]] = [:]
    /// The memory of pieces that are done with, for others: new memory costs as much as a copy.
    ///
    /// What was used last is used first, as processors have it still.
    var spare: [[UInt8]] = []
    var maps: MapCache
    /// The bytes of what is assembled and of what waits for the disk.
    package internal(set) var pendingBytes = 0

    /// A store over `files`, in which the pieces `written` are right.
    package init(
        files: TorrentFiles, written: Bitfield,
        settings: TorrentStoreSettings = TorrentStoreSettings(), check: @escaping Check,
        notify: @escaping @Sendable () -> Void
    ) throws(StorageError) {
        precondition(written.pieceCount == files.layout.pieceCount)
        (self.files, self.written, self.settings, self.check) = (files, written, settings, check)
        cache = ReadCache(limit: settings.cacheBytes)
        maps = MapCache(limit: max(4, settings.mappedBytes / settings.mapLength))
        queue = try DiskQueue(threads: settings.threads, notify: notify)
    }

    deinit { queue.stop() }

    /// Whether more should be asked for: the disk works and keeps up.
    package var hasRoom: Bool { fault == nil && pendingBytes < settings.pendingBytes }

    /// Whether everything that is right is in its files.
    package var isIdle: Bool { pending.isEmpty }

    /// Whether `piece` is right and can be read, from memory or from disk.
    package func has(_ piece: PieceIndex) -> Bool {
        written.contains(piece) || pending[piece]?.isRight == true
    }

    /// What has happened since the last call, in order.
    package func take() -> [StoreEvent] {
        queue.take().flatMap { report -> [StoreEvent] in
            switch report {
            case .checked(let piece, let isRight): checked(piece, isRight)
            case .wrote(let piece, let fault): wrote(piece, fault)
            case .read(let key, let result): finished(key, result)
            case .mapped(let key, let map): finished(key, map)
            case .saved(let fault): [fault.map { .notSaved($0) } ?? .saved]
            }
        }
    }
}

extension TorrentStore {
    /// Takes a whole piece; `isRight` where it has been checked already.
    ///
    /// False where it is there already, or is not as long as it should be.
    @discardableResult
    package func submit(_ piece: PieceIndex, _ bytes: [UInt8], isRight: Bool = false) -> Bool {
        guard files.layout.length(ofPiece: piece) == bytes.count, pending[piece] == nil,
            !written.contains(piece)
        else { return false }
        forget(piece)
        pending[piece] = Pending(bytes: bytes, isRight: isRight)
        pendingBytes += bytes.count
        process(piece, bytes, isRight: isRight)
        return true
    }

    /// Tries again to write what the disk did not take.
    package func retry() {
        fault = nil
        for (piece, it) in pending where it.hasFailed {
            pending[piece]?.hasFailed = false
            process(piece, it.bytes, isRight: true)
        }
    }

    private func process(_ piece: PieceIndex, _ bytes: [UInt8], isRight: Bool) {
        queue.enqueue { [files, check, queue] post in
            if !isRight {
                let isRight = check(piece, bytes)
                post(.checked(piece, isRight))
                guard isRight else { return }
            }
            queue.enqueueInTurn { post in
                var fault: StorageError?
                do throws(StorageError) { try files.write(piece, bytes[...]) } catch {
                    fault = error
                }
                post(.wrote(piece, fault))
            }
        }
    }

    private func checked(_ piece: PieceIndex, _ isRight: Bool) -> [StoreEvent] {
        pending[piece]?.isRight = isRight
        if isRight { return [.verified(piece)] }
        settle(piece)
        return [.mismatched(piece)]
    }

    private func wrote(_ piece: PieceIndex, _ fault: StorageError?) -> [StoreEvent] {
        if let fault {
            pending[piece]?.hasFailed = true
            defer { self.fault = fault }
            return self.fault == nil ? [.paused(fault)] : []
        }
        if let bytes = settle(piece) {
            // What can be mapped is not kept twice, and its memory is the warmest for what comes.
            recycle(settings.mappedBytes > 0 ? [bytes] : cache.keep(bytes, .whole(piece)))
        }
        written.insert(piece)
        return [.written(piece)]
    }

    /// Keeps memory for the next pieces, as long as any are under way: no more than these take at
    /// most, with half as much again that was asked for before there was no more room.
    private func recycle(_ gone: [[UInt8]]) {
        let most = settings.pendingBytes + settings.pendingBytes / 2
        for bytes in gone where bytes.count == files.layout.pieceLength {
            guard pendingBytes + (spare.count + 1) * bytes.count <= most else { break }
            spare.append(bytes)
        }
        if pendingBytes == 0 { spare = [] }
    }

    @discardableResult
    private func settle(_ piece: PieceIndex) -> [UInt8]? {
        let bytes = pending.removeValue(forKey: piece)?.bytes
        pendingBytes -= bytes?.count ?? 0
        return bytes
    }
}

extension TorrentStore {
    /// Writes what a next start needs to know to the file `path`: what is written, in which files.
    ///
    /// All that was written is made durable before; an event tells the end.
    package func save(_ path: String, content: ContentID) {
        let written = written
        queue.enqueue { [files] post in
            var fault: StorageError?
            do throws(StorageError) {
                let data = try ResumeData(content: content, have: written, files: files)
                try files.sync()
                try AtomicFile.write(path, data.encoded)
            } catch {
                fault = error
            }
            post(.saved(fault))
        }
    }
}
